/// The command line as it can be pasted into a shell again.
enum CommandText {
  static var ofThisProcess: String { CommandLine.arguments.map(quoted).joined(separator: " ") }

  private static func quoted(_ argument: String) -> String {
    let isPlain = argument.allSatisfy {
      $0.isASCII && ($0.isLetter || $0.isNumber || "-_./:=,@%+".contains($0))
    }
    guard !isPlain || argument.isEmpty else { return argument }
    return "'"
      + argument.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }
}
