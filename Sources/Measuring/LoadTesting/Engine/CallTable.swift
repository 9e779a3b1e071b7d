import Inference

/// Calls that were given to a pool and have not ended, by ticket. A pure value.
///
/// A ticket's lower half is its place here, its upper half counts who had that place; so an answer that
/// comes after its call was given up is nobody's.
struct CallTable {
  struct Call {
    let place: Int
    let sample: Int
    /// When it was given to the pool; from when it was asked, that.
    var asked: Instant
    /// The link that it was asked over; `nil` while it waits for one.
    var link: Int?
    /// Connections that ended without having taken it.
    fileprivate var untakenCount = 0
    fileprivate var serial: Int
    fileprivate var isOpen = true
  }

  private var calls: [Call] = []
  private var vacant: [Int] = []

  var openCount: Int { calls.count - vacant.count }

  /// A new call's ticket.
  ///
  /// - Parameter place: whose it is, for whoever asked.
  mutating func add(place: Int, sample: Int, _ now: Instant) -> Int {
    guard let index = vacant.popLast() else {
      calls.append(Call(place: place, sample: sample, asked: now, serial: 0))
      return calls.count - 1
    }
    let serial = (calls[index].serial + 1) & 0x3FFF_FFFF
    calls[index] = Call(place: place, sample: sample, asked: now, serial: serial)
    return serial << 32 | index
  }

  /// The call is on its way.
  mutating func asked(_ ticket: Int, over link: Int, _ now: Instant) {
    calls[ticket & 0xFFFF_FFFF].link = link
    // What is asked again was late from the first time on.
    if calls[ticket & 0xFFFF_FFFF].untakenCount == 0 { calls[ticket & 0xFFFF_FFFF].asked = now }
  }

  subscript(ticket: Int) -> Call? {
    let index = ticket & 0xFFFF_FFFF
    guard index < calls.count, calls[index].isOpen, calls[index].serial == ticket >> 32 else {
      return nil
    }
    return calls[index]
  }

  /// A call's connection ends without having taken it: it waits for another. False where that was so
  /// too often.
  mutating func returned(_ ticket: Int, atMost: Int) -> Bool {
    guard let call = self[ticket], call.untakenCount < atMost else { return false }
    calls[ticket & 0xFFFF_FFFF].untakenCount += 1
    calls[ticket & 0xFFFF_FFFF].link = nil
    return true
  }

  /// Ends a call; `nil` where it has ended before.
  mutating func remove(_ ticket: Int) -> Call? {
    guard let call = self[ticket] else { return nil }
    calls[ticket & 0xFFFF_FFFF].isOpen = false
    vacant.append(ticket & 0xFFFF_FFFF)
    return call
  }

  /// Tickets of calls that were given or asked before an instant.
  func tickets(before instant: Instant) -> [Int] {
    calls.indices.compactMap {
      calls[$0].isOpen && calls[$0].asked < instant ? calls[$0].serial << 32 | $0 : nil
    }
  }
}
