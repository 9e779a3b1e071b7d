/// A call that our sources do not make, and what is done in its place.
struct BannedCall: Sendable {
  let name: String
  let pattern: @Sendable (Substring) -> Bool
  let instead: String
  /// Path prefixes where it is allowed after all.
  var allowedUnder: [String] = []
  /// The only path prefix where it is banned; everywhere in Sources when empty.
  var bannedUnder = "Sources/"

  func violations(in file: RepositoryFile) -> [String] {
    guard file.path.hasPrefix(bannedUnder), !allowedUnder.contains(where: file.path.hasPrefix)
    else { return [] }
    return file.codeLines.enumerated().compactMap { index, line in
      pattern(line) ? file.violation(atLineIndex: index, "\(name): \(instead)") : nil
    }
  }
}

extension BannedCall {
  static let all: [BannedCall] = [
    BannedCall(
      name: "try!", pattern: { $0.contains(/\btry!/) },
      instead: "throw an error of our domain, or check with precondition and a sentence"),
    BannedCall(
      name: "fatalError()", pattern: { $0.contains(/\bfatalError\(\)/) },
      instead: "say which invariant broke and with which values"),
    BannedCall(
      name: ".wait()", pattern: { $0.contains(/\.wait\(\s*\)/) },
      instead: "hand over a completion; only a model thread waits, on its own condition"),
    BannedCall(
      name: "Task",
      pattern: { $0.contains(/\bTask\s*(<[^>]*>\s*)?[({]|\bTask\.(detached|immediate)\b/) },
      instead: "order comes from queues and every long-runner is a run(); see CONTRIBUTING.md",
      allowedUnder: ["Sources/ApusCommand/", "Sources/Operations/Console/"]),
    BannedCall(
      name: "print", pattern: { $0.contains(/(^|[^\w.])print\(/) },
      instead: "return a value or emit an event; only the command speaks to the terminal",
      allowedUnder: ["Sources/ApusCommand/"]),
    BannedCall(
      name: "effects in Batching",
      pattern: { $0.contains(/\b(async|await|actor|Mutex|Atomic|ContinuousClock|pthread\w*)\b/) },
      instead: "event and time go in, a decision comes out; Serving holds the lock and the clock",
      bannedUnder: "Sources/Core/Batching/"),
    BannedCall(
      name: "unchecked Sendable",
      pattern: { $0.contains(/@unchecked\s+Sendable|nonisolated\(unsafe\)/) },
      instead:
        "let the compiler check it, or list the file in UncheckedState with what protects it",
      allowedUnder: Array(UncheckedState.protection.keys)),
  ]
}

/// The files that promise the compiler what it cannot see, and what keeps each promise.
enum UncheckedState {
  static let protection: [String: String] = [
    "Sources/Core/Inference/ModelRuntime.swift": "constant data of the executable",
    "Sources/Core/Inference/TensorStorage.swift": "written before it is shared, never after",
  ]
}
