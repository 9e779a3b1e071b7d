import Inference

/// Requests in the order of their arrival, with who holds how many places.
///
/// Tickets grow along the line, so that one is found by bisection; a request that leaves from the
/// middle leaves a gap, and gaps are closed when they outnumber the requests.
struct WaitingLine: Sendable {
  private var places: [QueuedRequest?] = []
  /// First place that may be taken; those before it have been popped.
  private var head = 0
  private var tickets: [Ticket] = []
  private var held: [Caller: Int] = [:]
  private(set) var count = 0
  /// No waiting request has an earlier deadline; may be earlier than all of them.
  private(set) var earliestDeadline = Instant.distantFuture

  var isEmpty: Bool { count == 0 }

  mutating func append(_ request: QueuedRequest) {
    precondition(tickets.last.map { $0 < request.ticket } ?? true, "tickets must grow")
    places.append(request)
    tickets.append(request.ticket)
    held[request.caller, default: 0] += 1
    count += 1
    earliestDeadline = min(earliestDeadline, request.deadline)
  }

  mutating func popFirst() -> QueuedRequest? {
    while head < places.count {
      let request = places[head]
      places[head] = nil
      head += 1
      if let request {
        left(request)
        closeGaps()
        return request
      }
    }
    closeGaps()
    return nil
  }

  /// Takes a request out of the line; false where it does not wait.
  mutating func remove(_ ticket: Ticket) -> Bool {
    guard let place = place(of: ticket), let request = places[place] else { return false }
    places[place] = nil
    left(request)
    closeGaps()
    return true
  }

  /// Takes out all whose deadline has come.
  mutating func removeLate(now: Instant) -> [QueuedRequest] {
    guard earliestDeadline <= now else { return [] }
    var late: [QueuedRequest] = []
    var earliest = Instant.distantFuture
    for place in head..<places.count {
      guard let request = places[place] else { continue }
      if request.deadline <= now {
        places[place] = nil
        left(request)
        late.append(request)
      } else {
        earliest = min(earliest, request.deadline)
      }
    }
    earliestDeadline = earliest
    closeGaps()
    return late
  }

  /// Takes out the newest request of whoever holds most places, if that is more than `caller` would
  /// hold with one place more; otherwise nothing, and the newcomer is the one to be refused.
  mutating func removeNewestOfLargestHolder(besides caller: Caller) -> QueuedRequest? {
    // The name decides between equals, so that the same events give the same decisions.
    let order = { (left: (key: Caller, value: Int), right: (key: Caller, value: Int)) in
      (left.value, left.key.name) < (right.value, right.key.name)
    }
    guard let (largest, places) = held.max(by: order),
      places > held[caller, default: 0] + 1, largest != caller
    else { return nil }
    guard let place = self.places.lastIndex(where: { $0?.caller == largest }),
      let request = self.places[place]
    else { return nil }
    self.places[place] = nil
    left(request)
    closeGaps()
    return request
  }

  private mutating func left(_ request: QueuedRequest) {
    count -= 1
    let remaining = held[request.caller, default: 1] - 1
    held[request.caller] = remaining > 0 ? remaining : nil
    if count == 0 { earliestDeadline = .distantFuture }
  }

  private func place(of ticket: Ticket) -> Int? {
    var low = head
    var high = tickets.count
    while low < high {
      let middle = (low + high) / 2
      if tickets[middle] < ticket { low = middle + 1 } else { high = middle }
    }
    return low < tickets.count && tickets[low] == ticket ? low : nil
  }

  private mutating func closeGaps() {
    if count == 0 {
      places.removeAll(keepingCapacity: true)
      tickets.removeAll(keepingCapacity: true)
      head = 0
    } else if places.count > 64, places.count > 2 * count {
      places.removeAll { $0 == nil }
      tickets = places.map { $0?.ticket ?? Ticket(number: 0) }
      head = 0
    }
  }
}
