import Glibc

/// The thread that writes waiting lines.
///
/// A full disk or a closed pipe stops nobody: lines are kept while the queue has room, then lost and
/// counted; writing is tried again once a second, and what was lost is said when it works again.
final class LogWriter {
  private let queue: LineQueue
  private let output: LogOutput
  /// Makes the line that says how many lines were lost.
  private let lossLine: (Int) -> [UInt8]
  /// Hears of the first failure in a row, once.
  private let report: (Int32) -> Void
  private var buffer: [UInt8] = []
  private var isFailing = false

  init(
    queue: LineQueue, output: LogOutput, lossLine: @escaping (Int) -> [UInt8],
    report: @escaping (Int32) -> Void
  ) {
    self.queue = queue
    self.output = output
    self.lossLine = lossLine
    self.report = report
  }

  /// Ends once the queue is closed and what it held is written or given up.
  func run() {
    while true {
      queue.sleepUntilWork()
      let (count, mustReopen, isClosed) = queue.withState { state in
        (state.takeAll(into: &buffer), state.takeReopen(), state.isClosed)
      }
      if mustReopen { reopen() }
      let lostCount = writeBuffer()
      buffer.removeAll(keepingCapacity: true)
      queue.withState { $0.settle(count, lost: lostCount) }
      queue.wakeAll()
      if lostCount == 0, !isClosed { announceLoss() }
      if isClosed, queue.withState({ $0.isEmpty }) { return }
      // Lines that come in a burst are written together, and their senders need not wake anybody.
      _ = queue.sleep(nanoseconds: 5_000_000) { $0.isClosed || $0.flushWaiterCount > 0 }
    }
  }

  /// Gives the number of lines given up, which is 0 but after `close()`.
  private func writeBuffer() -> Int {
    var start = 0
    while start < buffer.count {
      let (written, error) = buffer.withUnsafeBytes { bytes in
        output.write(UnsafeRawBufferPointer(rebasing: bytes[start...]))
      }
      start += written
      switch error {
      case 0: if written > 0 { isFailing = false }
      case EINTR: break
      case EAGAIN:
        // A pipe that somebody made non-blocking and nobody empties.
        output.waitUntilWritable(milliseconds: 100)
        if queue.withState({ $0.isClosed }) { return unwritten(from: start) }
      default:
        fail(error)
        if !mayRetry(&start) { return unwritten(from: start) }
      }
    }
    return 0
  }

  private func fail(_ error: Int32) {
    if !isFailing { report(error) }
    isFailing = true
  }

  /// Waits a second, or less when the log is to be reopened; `false` once it is closed. After a
  /// reopening a line that was written in part begins again, so that the new file has it whole.
  private func mayRetry(_ start: inout Int) -> Bool {
    let isUrgent = queue.sleep(nanoseconds: 1_000_000_000) { $0.isClosed || $0.isReopening }
    guard isUrgent else { return true }
    let (mustReopen, isClosed) = queue.withState { ($0.takeReopen(), $0.isClosed) }
    if mustReopen, reopen() {
      start = (buffer[..<start].lastIndex(of: 0x0a) ?? -1) + 1
      return true
    }
    return !isClosed
  }

  @discardableResult
  private func reopen() -> Bool {
    let error = output.reopen()
    if error != 0 { fail(error) }
    return error == 0
  }

  private func unwritten(from start: Int) -> Int {
    buffer[start...].reduce(0) { $0 + ($1 == 0x0a ? 1 : 0) }
  }

  /// Writes past the queue, which may be full again: the line that says what was lost must not be
  /// lost itself.
  private func announceLoss() {
    let lost = queue.withState { $0.takeUnannouncedLoss() }
    guard lost > 0 else { return }
    buffer = lossLine(lost)
    _ = writeBuffer()
    buffer.removeAll(keepingCapacity: true)
  }
}
