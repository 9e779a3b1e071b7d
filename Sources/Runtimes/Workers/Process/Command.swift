import CWorkers
import Glibc
package import Inference

/// A program that is run to its end beside us.
package enum Command {
  /// Blocks until it has ended; `heard` gets what it writes, on this thread. One that takes longer than
  /// `secondsMax` is killed.
  package static func run(
    _ program: [String], in directory: String, secondsMax: Int,
    heard: (UnsafeRawBufferPointer) -> Void
  ) throws(RuntimeFault) -> ProcessEnd {
    var plan = WorkerPlan(program: program) { _ in "" }
    plan.directory = directory
    let process = try WorkerProcess.start(plan)
    defer { process.closeAll() }
    let until = Clock.now().advanced(by: .seconds(secondsMax))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 16)
    defer { buffer.deallocate() }
    var isOver = false
    while !isOver {
      var files = [process.life, process.output, process.errors].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      _ = poll(&files, nfds_t(files.count), 200)
      isOver = files[0].revents != 0
      var isHeard = true
      while isHeard {
        isHeard = false
        for file in [process.output, process.errors] {
          let count = read(file, buffer.baseAddress, buffer.count)
          guard count > 0 else { continue }
          isHeard = true
          heard(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
      }
      if Clock.now() >= until { process.kill() }
    }
    return process.awaitEnd()
  }
}
