import Jobs

/// What `--data -` reads: standard input, once for the whole command, since it can be read once only.
enum StandardInput {
  static let path = JobFile.standardInput

  /// Read at the first use, which blocks.
  private static let content: Result<[UInt8], JobProblem> = Result { () throws(JobProblem) in
    try JobFile.read(path)
  }

  static func bytes() throws(JobProblem) -> [UInt8] { try content.get() }

  /// The first bytes; empty where there are none.
  static func head(byteCount: Int) -> [UInt8] {
    // Why there are none is said when the whole is read.
    Array(((try? bytes()) ?? []).prefix(byteCount))
  }
}
