import Glibc
import Serving

/// The server's log: lines of JSON or text, written by a thread of its own.
///
/// Sending a line never blocks and never fails: what cannot be written in time is lost and counted.
package final class ServerLog: Sendable {
  /// How and where lines are written.
  package struct Settings: Sendable {
    package var format: LogFormat
    /// Least level of the lines that `write` takes.
    package var level: LogLevel
    /// `nil` is standard error.
    package var path: String?
    /// Bytes of lines that may wait.
    package var waitingBytesMax: Int

    package init(
      format: LogFormat = .json, level: LogLevel = .info, path: String? = nil,
      waitingBytesMax: Int = 4 << 20
    ) {
      self.format = format
      self.level = level
      self.path = path
      self.waitingBytesMax = waitingBytesMax
    }
  }

  let settings: Settings
  /// What is written, and how; changes while the server runs.
  let filter: LogFilter
  private let queue: LineQueue
  private let thread: NamedThread

  /// Starts the thread. A file that cannot be opened is reported on standard error, and tried again.
  package init(_ settings: Settings) {
    self.settings = settings
    filter = LogFilter(settings)
    let queue = LineQueue(bytesMax: settings.waitingBytesMax)
    self.queue = queue
    thread = Self.startThread(queue, settings)
  }

  deinit { close(within: .seconds(1)) }

  /// Lines lost so far.
  package var lostLineCount: Int { queue.withState { $0.lostCount } }

  /// A line about the server itself; below the level it costs nothing.
  package func write(
    _ level: LogLevel, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> [(LogKey, LogValue)] = []
  ) {
    guard filter.takes(level) else { return }
    var line = begin(level, message())
    for (key, value) in fields() { line.add(key, value) }
    send(line)
  }

  /// A line to add fields to and to `send`, whatever its level.
  func begin(_ level: LogLevel, _ message: String) -> LogLine {
    LogLine(filter.format, level, message, at: .now())
  }

  func send(_ line: consuming LogLine) { queue.offer(line.ended()) }

  /// Opens the file anew; for SIGHUP, after the old one was moved away. Returns at once.
  package func reopen() {
    queue.withState { $0.askReopen() }
    queue.wakeAll()
  }

  /// Waits until all lines sent so far are written, at most that long; says whether they are.
  @discardableResult
  package func flush(within duration: Duration) -> Bool {
    let target = queue.withState { state in
      state.flushWaiterCount += 1
      return state.takenCount
    }
    queue.wakeAll()
    defer { queue.withState { $0.flushWaiterCount -= 1 } }
    return queue.sleep(nanoseconds: duration.wholeNanoseconds) { $0.settledCount >= target }
  }

  /// Writes what waits, at most that long, and ends the thread; later lines are lost. A thread that
  /// a pipe holds beyond that is left behind.
  package func close(within duration: Duration) {
    queue.withState { $0.close() }
    if flush(within: duration) { thread.join() } else { thread.detach() }
  }

  private static func startThread(_ queue: LineQueue, _ settings: Settings) -> NamedThread {
    NamedThread(name: "log") {
      blockSignals()
      let lossLine: (Int) -> [UInt8] = { lost in
        var line = LogLine(
          settings.format, .warn, "log lines were lost because they could not be written",
          at: .now())
        line.add(.lost, Int64(lost))
        return line.ended()
      }
      LogWriter(
        queue: queue, output: LogOutput(path: settings.path), lossLine: lossLine,
        report: { reportFailure($0, path: settings.path) }
      ).run()
    }
  }

  /// Says on standard error that a file cannot be written; where standard error itself fails, only
  /// the count of lost lines tells.
  private static func reportFailure(_ error: Int32, path: String?) {
    guard let path else { return }
    let text =
      "apus: cannot write the log to \(path): \(String(cString: strerror(error))); "
      + "trying again every second\n"
    _ = text.withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
  }
}

/// Keeps signals for other threads; a write to a closed pipe then fails instead of ending us.
private func blockSignals() {
  var all = sigset_t()
  sigfillset(&all)
  pthread_sigmask(SIG_BLOCK, &all, nil)
}

extension Duration {
  /// 0 for a negative one; at most some centuries.
  var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    return UInt64(min(seconds, 1 << 32)) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }
}
