import Testing

@Suite struct TextTests {
  @Test func `no file knows the machine it was written on`() {
    let violations = Repository.files.flatMap(machinePaths)
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test(arguments: ["work", "root", "home/someone"])
  func `trips over an absolute path`(folder: String) {
    let file = RepositoryFile(path: "run", text: "cd sub/\(folder)/a\ncd /\(folder)/a")
    #expect(machinePaths(file).map { $0.prefix(6) } == ["run:2:"])
  }

  @Test func `what is left to do has an issue`() {
    let violations = Repository.files.filter { !$0.path.hasSuffix(".md") }.flatMap(openEnds)
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test func `trips over an open end without a number`() {
    let word = "TO" + "DO"
    let file = RepositoryFile(path: "A.swift", text: "// \(word)(#12): a\n// \(word): b")
    #expect(openEnds(file).map { $0.prefix(10) } == ["A.swift:2:"])
  }

  @Test func `the manifest has no unsafe flags`() {
    let violations = Repository.files.filter { $0.path == "Package.swift" }.flatMap(unsafeFlags)
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test func `trips over unsafe flags`() {
    let file = RepositoryFile(path: "Package.swift", text: "swiftSettings: [.unsafeFlags([])]")
    #expect(unsafeFlags(file).count == 1)
  }

  private func machinePaths(_ file: RepositoryFile) -> [String] {
    let places = ["work", "root", "home", "Users"].map { "/\($0)/" }
    let message = "name no place of one machine; start at the root of the repository"
    return violations(in: file, mentioning: places, message) {
      $0.contains(/(^|[\s"'`=(:,])\/(work|root|home\/\w+|Users\/\w+)\//)
    }
  }

  private func openEnds(_ file: RepositoryFile) -> [String] {
    let words = ["TO" + "DO", "FIX" + "ME"]
    let message = "do it, or give it an issue and write its number in brackets"
    return violations(in: file, mentioning: words, message) {
      $0.contains(/\b(TOD[O]|FIXM[E])\b(?!\(#\d+\))/)
    }
  }

  /// A package with such flags cannot be a dependency, so nobody could import Apus.
  private func unsafeFlags(_ file: RepositoryFile) -> [String] {
    let message = "unsafeFlags would make `import Apus` impossible"
    return violations(in: file, mentioning: [".unsafeFlags"], message) { _ in true }
  }

  /// Looks with the expression only at lines with one of the words, since most lines have none.
  private func violations(
    in file: RepositoryFile, mentioning words: [String], _ message: String,
    where isWrong: (Substring) -> Bool
  ) -> [String] {
    guard words.contains(where: file.text.contains) else { return [] }
    return file.lines.enumerated().compactMap { index, line in
      words.contains(where: line.contains) && isWrong(line)
        ? file.violation(atLineIndex: index, message) : nil
    }
  }
}
