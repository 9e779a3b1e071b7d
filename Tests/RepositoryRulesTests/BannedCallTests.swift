import Testing

@Suite struct BannedCallTests {
  @Test func `no file makes a banned call`() {
    let violations = Repository.swiftFiles(under: "Sources").flatMap { file in
      BannedCall.all.flatMap { $0.violations(in: file) }
    }
    #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
  }

  @Test func `every listed file still makes its promise`() {
    for path in UncheckedState.protection.keys {
      let text = Repository.files.first { $0.path == path }?.text ?? ""
      #expect(
        text.contains(/@unchecked\s+Sendable|nonisolated\(unsafe\)/),
        "\(path) needs no line in UncheckedState any more")
    }
  }

  @Test(arguments: [
    ("try!", "let a = try! load()"),
    ("fatalError()", "default: fatalError()"),
    (".wait()", "future.wait()"),
    ("Task", "Task { run() }"),
    ("Task", "let task = Task<Void, Never> { }"),
    ("Task", "Task.detached(priority: .low) {"),
    ("print", "  print(\"hello\")"),
    ("unchecked Sendable", "final class A: @unchecked Sendable {}"),
    ("unchecked Sendable", "nonisolated(unsafe) var a = 0"),
    ("effects in Batching", "mutating func offer() async -> Decision"),
  ])
  func `each ban trips`(name: String, line: String) {
    let file = RepositoryFile(path: "Sources/Core/Batching/A.swift", text: line)
    let tripped = BannedCall.all.filter { !$0.violations(in: file).isEmpty }
    #expect(tripped.map(\.name) == [name])
  }

  @Test(arguments: [
    "// Task { } would lose the order",
    "struct VisionTask {}; let task = VisionTask(kind: .none)",
    "fatalError(\"a batch of no rows\")",
    "log.print(line)",
    "condition.wait(until: deadline)",
  ])
  func `what only looks alike does not`(line: String) {
    let file = RepositoryFile(path: "Sources/Core/Serving/A.swift", text: line)
    #expect(BannedCall.all.flatMap { $0.violations(in: file) }.isEmpty)
  }

  @Test func `a listed place is free`() {
    let file = RepositoryFile(path: "Sources/ApusCommand/A.swift", text: "print(1)\nTask {\n}")
    #expect(BannedCall.all.flatMap { $0.violations(in: file) }.isEmpty)
  }
}
