import ArgumentParser

/// Ends a command with a line on standard error: 2 for wrong usage, 1 for all else that failed.
enum Failure {
  static func usage(_ text: String) -> ExitCode { tell(text, code: 2) }

  static func operation(_ text: String) -> ExitCode { tell(text, code: 1) }

  private static func tell(_ text: String, code: Int32) -> ExitCode {
    Terminal.complain(text)
    return ExitCode(code)
  }
}
