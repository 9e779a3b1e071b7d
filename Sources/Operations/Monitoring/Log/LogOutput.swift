import Glibc

/// Where lines go: standard error, or a file that is opened again on request. Used by the writer's
/// thread only.
final class LogOutput {
  private let path: String?
  private var descriptor: Int32

  /// - Parameter path: `nil` is standard error. A file is appended to, and made where it is missing.
  init(path: String?) {
    self.path = path
    descriptor = path == nil ? STDERR_FILENO : -1
    if path != nil { _ = reopen() }
  }

  deinit {
    if path != nil, descriptor >= 0 { close(descriptor) }
  }

  /// Lets go of a file that was moved away and opens the path anew; gives the error, 0 for none.
  /// Where that fails the old file stays in use.
  func reopen() -> Int32 {
    guard let path else { return 0 }
    let opened = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
    guard opened >= 0 else { return errno }
    if descriptor >= 0 { close(descriptor) }
    descriptor = opened
    return 0
  }

  /// Writes as much as the system takes, which may be a part; blocks as long as a pipe's reader does.
  func write(_ bytes: UnsafeRawBufferPointer) -> (written: Int, error: Int32) {
    if descriptor < 0 {
      let error = reopen()
      guard error == 0 else { return (0, error) }
    }
    let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    if count >= 0 { return (count, 0) }
    return (0, errno)
  }

  /// Sleeps until the system would take more, or that long.
  func waitUntilWritable(milliseconds: Int32) {
    var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    poll(&wanted, 1, milliseconds)
  }
}
