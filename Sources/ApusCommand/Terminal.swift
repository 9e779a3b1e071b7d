import Glibc

/// The two outputs of this process, written at once, also into a pipe.
enum Terminal {
  /// Lines of result.
  static func tell(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// A line about what went wrong.
  static func complain(_ text: String) { write("apus: \(text)\n", to: STDERR_FILENO) }

  /// A reader that went away stops nothing.
  private static func write(_ text: String, to file: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return }
      rest = rest.dropFirst(count)
    }
  }
}
