import Inference

/// Requests that wait, by their start tags and, between equal tags, by their arrival.
///
/// Kept sorted: the usual newcomer of a busy caller goes to the end, and whoever starts is taken
/// from the front, so that both touch one place. Entries are small, so that the others are cheap to
/// move.
struct WaitingLine: Sendable {
  struct Entry: Sendable, Comparable {
    let tag: UInt64
    let ticket: Ticket

    static func < (left: Entry, right: Entry) -> Bool {
      (left.tag, left.ticket.number) < (right.tag, right.ticket.number)
    }
  }

  private var entries: [Entry] = []
  /// First entry that still waits; those before it have left.
  private var head = 0

  var count: Int { entries.count - head }
  var isEmpty: Bool { count == 0 }

  /// The entry at that place from the front.
  subscript(place: Int) -> Entry { entries[head + place] }

  mutating func insert(_ entry: Entry) {
    if let last = entries.last, count > 0, entry < last {
      entries.insert(entry, at: place(of: entry))
    } else {
      entries.append(entry)
    }
  }

  /// Takes the entry out; false where it does not wait here.
  mutating func remove(_ entry: Entry) -> Bool {
    let place = place(of: entry)
    guard place < entries.count, entries[place] == entry else { return false }
    if place == head {
      head += 1
      closeGap()
    } else {
      entries.remove(at: place)
    }
    return true
  }

  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    head = 0
  }

  private func place(of entry: Entry) -> Int {
    var low = head
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] < entry { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func closeGap() {
    if head == entries.count {
      removeAll()
    } else if head > 64, head > entries.count / 2 {
      entries.removeSubrange(..<head)
      head = 0
    }
  }
}
