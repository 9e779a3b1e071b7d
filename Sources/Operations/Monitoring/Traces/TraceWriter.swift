import Glibc
import Inference
import Serving
import Synchronization

/// The thread that writes traces. Offering one never blocks; what does not fit is dropped.
final class TraceWriter: Sendable {
  private struct Waiting {
    var entries: [(entry: TraceEntry, frequency: UInt32)] = []
    var byteCount = 0
    var isClosing = false
  }

  private let waiting = Signal(Waiting())
  private let path: String
  private let thread = Guarded<NamedThread?>(nil)
  private let report: @Sendable (String) -> Void

  /// With room for the tensors of some requests about photos.
  private static let waitingBytesMax = 64 << 20

  init(path: String, report: @escaping @Sendable (String) -> Void) {
    self.path = path
    self.report = report
  }

  /// The thread starts with the first trace.
  func offer(_ entry: TraceEntry, frequency: UInt32) {
    let byteCount = entry.byteCount
    waiting.update { waiting in
      guard !waiting.isClosing, waiting.byteCount + byteCount <= Self.waitingBytesMax
      else { return }
      waiting.entries.append((entry, frequency))
      waiting.byteCount += byteCount
    }
    thread.withLock { thread in
      if thread == nil { thread = NamedThread(name: "apus:trace") { self.run() } }
    }
  }

  private func run() {
    let file = TraceFile(path: path)
    var hasFailed = false
    while true {
      let work = waiting.sleepUntilReady { waiting -> Waiting? in
        guard !waiting.entries.isEmpty || waiting.isClosing else { return nil }
        defer {
          waiting.entries = []
          waiting.byteCount = 0
        }
        return waiting
      }
      guard let work else { continue }
      for entry in work.entries {
        let error = file.append(entry.entry.text(), frequency: entry.frequency)
        if error != 0, !hasFailed {
          report("cannot write traces: \(String(cString: strerror(error)))")
        }
        hasFailed = error != 0
      }
      if work.isClosing { return }
    }
  }

  func close() {
    waiting.update { $0.isClosing = true }
    thread.withLock { $0 }?.join()
  }
}

/// A file that is a whole JSON array after every trace: each replaces the closing bracket by itself
/// and a new one. Numbered where a frequency says how many traces go into one. Used by the writer's
/// thread only.
final class TraceFile {
  private let path: String
  private var descriptor: Int32 = -1
  private var openPath = ""
  /// Where the closing bracket is.
  private var end: off_t = 0
  private var count: UInt32 = 0
  private var index = 0

  init(path: String) { self.path = path }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  /// Gives the error, 0 for none.
  func append(_ bytes: [UInt8], frequency: UInt32) -> Int32 {
    if frequency > 0, count >= frequency {
      index += 1
      count = 0
    }
    let error = open(frequency == 0 ? path : "\(path).\(index)")
    guard error == 0 else { return error }
    let text = [UInt8(ascii: end == 0 ? "[" : ",")] + bytes + [UInt8(ascii: "]")]
    let written = text.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, end) }
    guard written == text.count else { return written < 0 ? errno : ENOSPC }
    end += off_t(text.count - 1)
    count += 1
    return 0
  }

  /// A file of before is written over, as Triton does.
  private func open(_ path: String) -> Int32 {
    if path == openPath { return 0 }
    let opened = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard opened >= 0 else { return errno }
    if descriptor >= 0 { close(descriptor) }
    (descriptor, openPath, end) = (opened, path, 0)
    return 0
  }
}
