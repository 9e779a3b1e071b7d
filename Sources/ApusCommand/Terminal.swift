import Glibc

/// The two outputs of this process, written at once, also into a pipe.
enum Terminal {
  /// Lines of result.
  static func tell(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// A line about what went wrong.
  static func complain(_ text: String) { write("apus: \(text)\n", to: STDERR_FILENO) }

  /// Text as it is, on the output for errors: progress.
  static func show(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Whether a person looks at the output for errors.
  static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }

  /// How many characters a line of the output for errors holds.
  static var columns: Int {
    var size = winsize()
    let isKnown = ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 80
  }

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
