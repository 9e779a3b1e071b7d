import Inference

/// All requests that wait: a line for each level of priority, and behind each line those of its level
/// that waited too long but may still run.
struct WaitingLines: Sendable {
  struct Level: Sendable {
    var line = WaitingLine()
    var delayed = WaitingLine()
    let policy: QueuePolicy

    var count: Int { line.count + delayed.count }
  }

  /// Walks along all that wait, in the order in which they start.
  struct Cursor: Sendable {
    fileprivate var level = 0
    fileprivate var isDelayed = false
    fileprivate var place = 0
  }

  private(set) var levels: [Level]
  private(set) var count = 0
  /// Nothing waiting changes before this; may be earlier than need be.
  private(set) var earliestEnd = Instant.distantFuture
  private let policy: BatchingPolicy

  init(policy: BatchingPolicy) {
    self.policy = policy
    levels = (1...max(1, policy.priorityLevelCount)).map {
      Level(policy: policy.queue(ofLevel: $0))
    }
  }

  var isEmpty: Bool { count == 0 }

  /// Place in `levels` of a request's level.
  func level(ofPriority priority: Int) -> Int { policy.level(ofPriority: priority) - 1 }

  mutating func insert(_ page: RequestBook.Page) {
    if page.isDelayed {
      levels[page.level].delayed.insert(page.entry)
    } else {
      levels[page.level].line.insert(page.entry)
    }
    count += 1
    earliestEnd = min(earliestEnd, page.end)
  }

  mutating func remove(_ page: RequestBook.Page) {
    let isRemoved =
      page.isDelayed
      ? levels[page.level].delayed.remove(page.entry) : levels[page.level].line.remove(page.entry)
    precondition(isRemoved, "\(page.request.ticket) does not wait")
    count -= 1
    if count == 0 { earliestEnd = .distantFuture }
  }

  func next(_ cursor: inout Cursor) -> Ticket? {
    while cursor.level < levels.count {
      let line = cursor.isDelayed ? levels[cursor.level].delayed : levels[cursor.level].line
      if cursor.place < line.count {
        cursor.place += 1
        return line[cursor.place - 1].ticket
      }
      cursor.place = 0
      if cursor.isDelayed { cursor.level += 1 }
      cursor.isDelayed.toggle()
    }
    return nil
  }

  /// Those for whom waiting on has changed something by now. The caller removes or re-inserts them.
  mutating func takeEnded(by now: Instant, in book: RequestBook) -> [Ticket] {
    guard earliestEnd <= now else { return [] }
    var ended: [Ticket] = []
    var cursor = Cursor()
    earliestEnd = .distantFuture
    while let ticket = next(&cursor) {
      let end = book[ticket].end
      if end <= now { ended.append(ticket) } else { earliestEnd = min(earliestEnd, end) }
    }
    return ended
  }

  /// The newest waiting request of that caller of which nothing has started, in one level or in all.
  func newest(of caller: Caller, inLevel level: Int?, in book: RequestBook) -> Ticket? {
    for place in levels.indices.reversed() where level == nil || level == place {
      for line in [levels[place].delayed, levels[place].line] {
        for index in (0..<line.count).reversed() {
          let page = book[line[index].ticket]
          if page.rowsStarted == 0, page.request.caller == caller { return page.request.ticket }
        }
      }
    }
    return nil
  }
}
