import Inference

/// What is known of each request that waits or runs, by the place that its ticket names.
struct RequestBook: Sendable {
  struct Page: Sendable {
    let request: QueuedRequest
    /// From 0, the most urgent.
    let level: Int
    let admitted: Instant
    /// When its queue's policy takes it out of the line; `distantFuture` where it does not.
    var expiry = Instant.distantFuture
    /// Under which tag it waits; with the ticket, its entry in the line.
    var tag: UInt64 = 0
    /// Rows of it still have to start, so that it has an entry in the line.
    var isWaiting = false
    /// It waited too long, and runs when nothing else of its level waits.
    var isDelayed = false
    var rowsStarted = 0
    var rowsEnded = 0

    var rowsLeft: Int { request.rowCount - rowsStarted }
    var entry: WaitingLine.Entry { WaitingLine.Entry(tag: tag, ticket: request.ticket) }
    /// The next instant at which waiting on changes something for it.
    var end: Instant { min(request.deadline, isDelayed ? .distantFuture : expiry) }
  }

  private var pages: [(page: Page, isUsed: Bool)] = []
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func add(_ page: Page) {
    let place = page.request.ticket.place
    while pages.count <= place { pages.append((page, false)) }
    precondition(!pages[place].isUsed, "two requests at place \(place)")
    pages[place] = (page, true)
    count += 1
  }

  func holds(_ ticket: Ticket) -> Bool {
    let place = ticket.place
    return place < pages.count && pages[place].isUsed
      && pages[place].page.request.ticket == ticket
  }

  /// The page of a request that is in the book; traps for any other.
  subscript(ticket: Ticket) -> Page {
    // Inlined, because an accessor that yields keeps its frame on the heap otherwise.
    @inline(__always) _read {
      precondition(holds(ticket), "\(ticket) is not in the book")
      yield pages[ticket.place].page
    }
    @inline(__always) _modify {
      precondition(holds(ticket), "\(ticket) is not in the book")
      yield &pages[ticket.place].page
    }
  }

  mutating func remove(_ ticket: Ticket) {
    precondition(holds(ticket), "\(ticket) is not in the book")
    pages[ticket.place].isUsed = false
    count -= 1
  }
}
