package import Inference

/// A request that waits in the line of its sequence.
struct SequenceRequest: Sendable {
  let ticket: Ticket
  /// `nil` for one that can only run alone.
  let key: BatchKey?
  /// When it came, or when its last run ended.
  var admitted: Instant
  /// Grows with each request that comes, and each that is to run again.
  var arrival: UInt64
  var isStart: Bool
  let isEnd: Bool
  /// Its run is not the last.
  var runsAgain = false
}

/// Which sequences of one instance run together, or how long it is worth waiting for more.
///
/// The rules are Triton's: `direct` leaves when enough slots have a request, `oldest` when the oldest
/// requests make a preferred number, and both when the oldest of them has waited for the delay.
struct SequenceComposer: Sendable {
  /// The next request of the sequence in a slot.
  struct Front: Sendable {
    let slot: Int
    let request: SequenceRequest
  }

  enum Composition: Sendable {
    /// In the order of their rows.
    case run(OneOrMore<Ticket>)
    case wait(until: Instant)
    case nothing
  }

  private let rowsMax: Int
  private let keepsSlots: Bool
  private let delayNanoseconds: UInt64
  /// So many requests leave at once.
  private let enoughCount: Int
  private let preferredCounts: [Int]

  init(strategy: SequencePolicy.Strategy, rowsMax: Int, slotsMax: Int) {
    self.rowsMax = max(1, rowsMax)
    switch strategy {
    case .direct(let delay, let utilization):
      keepsSlots = true
      delayNanoseconds = delay
      enoughCount = max(1, Int((utilization * Double(slotsMax)).rounded(.up)))
      preferredCounts = []
    case .oldest(_, let preferred, let delay, _):
      keepsSlots = false
      delayNanoseconds = delay
      preferredCounts = preferred.filter { $0 > 0 && $0 <= max(1, rowsMax) }.sorted()
      enoughCount = preferredCounts.last ?? max(1, rowsMax)
    }
  }

  func compose(_ fronts: [Front], now: Instant, isHurried: Bool) -> Composition {
    let sorted = fronts.sorted { $0.request.arrival < $1.request.arrival }
    guard let first = sorted.first else { return .nothing }
    guard let key = first.request.key, rowsMax > 1 else {
      return .run(OneOrMore(first.request.ticket))
    }
    var joined = Array(sorted.filter { $0.request.key == key }.prefix(rowsMax))
    let readyAt = first.request.admitted.advanced(byNanoseconds: delayNanoseconds)
    guard isHurried || now >= readyAt || isEnough(joined.count) else {
      return .wait(until: readyAt)
    }
    if keepsSlots { joined.sort { $0.slot < $1.slot } }
    return OneOrMore(listing: joined.map(\.request.ticket)).map { .run($0) } ?? .nothing
  }

  private func isEnough(_ count: Int) -> Bool {
    count >= enoughCount || preferredCounts.contains(count)
  }
}

/// What the model is told of the sequence whose request it runs.
package struct SequenceTurn: Sendable {
  package let id: SequenceMark.ID
  /// The sequence's row, where sequences keep theirs.
  package let slot: Int
  package let isStart: Bool
  package let isEnd: Bool
  /// What the model gave in the sequence's last run, in the order of the policy; empty at its
  /// beginning.
  package let states: [Tensor]
}
