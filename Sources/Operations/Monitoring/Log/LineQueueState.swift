/// Lines that wait to be written: a value that decides, without lock, thread or clock.
struct LineQueueState {
  /// All waiting lines, one after the other.
  private var waiting: [UInt8] = []
  private var waitingCount = 0
  private let bytesMax: Int

  /// Lines taken since the start, and those of them that are written or given up.
  private(set) var takenCount = 0
  private(set) var settledCount = 0
  /// Lines lost since the start: refused because the queue was full, or given up.
  private(set) var lostCount = 0
  private var announcedLostCount = 0

  /// Whether the writer sleeps until somebody wakes it.
  var isWriterAsleep = false
  private(set) var isClosed = false
  /// A reopening was asked for and not yet done.
  private(set) var isReopening = false
  /// Somebody waits for what was taken to be written.
  var flushWaiterCount = 0

  init(bytesMax: Int) { self.bytesMax = bytesMax }

  /// Takes a line, or loses it where the queue is full; says whether the writer is to be woken.
  mutating func offer(_ line: [UInt8]) -> Bool {
    guard !isClosed, waiting.count + line.count <= bytesMax else {
      lostCount += 1
      return false
    }
    waiting.append(contentsOf: line)
    waitingCount += 1
    takenCount += 1
    return isWriterAsleep
  }

  mutating func close() { isClosed = true }
  mutating func askReopen() { isReopening = true }

  var isEmpty: Bool { waiting.isEmpty }
  var hasWork: Bool { !waiting.isEmpty || isClosed || isReopening }

  /// Exchanges the waiting lines for an empty buffer; gives their number.
  mutating func takeAll(into buffer: inout [UInt8]) -> Int {
    swap(&waiting, &buffer)
    defer { waitingCount = 0 }
    return waitingCount
  }

  mutating func takeReopen() -> Bool {
    defer { isReopening = false }
    return isReopening
  }

  mutating func settle(_ count: Int, lost: Int) {
    settledCount += count
    lostCount += lost
  }

  /// Lines lost since this was last asked.
  mutating func takeUnannouncedLoss() -> Int {
    defer { announcedLostCount = lostCount }
    return lostCount - announcedLostCount
  }
}
