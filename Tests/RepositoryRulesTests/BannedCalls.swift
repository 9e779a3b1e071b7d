/// A call that our sources do not make, and what is done in its place.
struct BannedCall: Sendable {
  let name: String
  /// A file without any of these words is not looked at line by line.
  let words: [String]
  let pattern: @Sendable (Substring) -> Bool
  let instead: String
  /// Path prefixes where it is allowed after all.
  var allowedUnder: [String] = []
  /// The path prefix where it is banned.
  var bannedUnder = "Sources/"

  func violations(in file: RepositoryFile) -> [String] {
    guard file.path.hasPrefix(bannedUnder), !allowedUnder.contains(where: file.path.hasPrefix)
    else { return [] }
    guard words.contains(where: file.text.contains) else { return [] }
    return file.codeLines.enumerated().compactMap { index, line in
      !line.allSatisfy(\.isWhitespace) && pattern(line)
        ? file.violation(atLineIndex: index, "\(name): \(instead)") : nil
    }
  }
}

extension BannedCall {
  static let all: [BannedCall] = [
    BannedCall(
      name: "try!", words: ["try!"], pattern: { $0.contains(/\btry!/) },
      instead: "throw an error of our domain, or check with precondition and a sentence"),
    BannedCall(
      name: "fatalError()", words: ["fatalError"], pattern: { $0.contains(/\bfatalError\(\)/) },
      instead: "say which invariant broke and with which values"),
    BannedCall(
      name: ".wait()", words: [".wait("], pattern: { $0.contains(/\.wait\(\s*\)/) },
      instead: "hand over a completion; only a model thread waits, on its own condition"),
    BannedCall(
      name: "Task", words: ["Task"],
      pattern: { $0.contains(/\bTask\s*(<[^>]*>\s*)?[({]|\bTask\.(detached|immediate)\b/) },
      instead: "order comes from queues and every long-runner is a run(); see CONTRIBUTING.md",
      allowedUnder: ["Sources/ApusCommand/", "Sources/Operations/Console/"]),
    BannedCall(
      name: "print", words: ["print("], pattern: { $0.contains(/(^|[^\w.])print\(/) },
      instead: "return a value or emit an event; only the command speaks to the terminal",
      allowedUnder: ["Sources/ApusCommand/"]),
    BannedCall(
      name: "effects in Batching",
      words: ["async", "await", "actor", "Mutex", "Guarded", "Atomic", "Clock", "pthread"],
      pattern: { $0.contains(/\b(async|await|actor|Mutex|Guarded|Atomic|\w+Clock|pthread\w*)\b/) },
      instead: "event and time go in, a decision comes out; Serving holds the lock and the clock",
      bannedUnder: "Sources/Core/Batching/"),
    BannedCall(
      name: "unchecked Sendable", words: ["@unchecked", "nonisolated"],
      pattern: { $0.contains(/@unchecked\s+Sendable|nonisolated\(unsafe\)/) },
      instead:
        "let the compiler check it, or list the file in UncheckedState with what protects it",
      allowedUnder: Array(UncheckedState.protection.keys)),
  ]
}

/// The files that promise the compiler what it cannot see, and what keeps each promise.
enum UncheckedState {
  static let protection: [String: String] = [
    "Sources/Core/Imaging/PNGFile.swift": "constant functions of a library never closed",
    "Sources/Core/Imaging/TurboJPEG.swift": "constant functions of a library never closed",
    "Sources/Core/Imaging/WebPFile.swift": "constant functions of a library never closed",
    "Sources/Core/Inference/Guarded.swift": "its own lock",
    "Sources/Core/Inference/ModelRuntime.swift": "constant data of the executable",
    "Sources/Core/Inference/TensorStorage.swift": "written before it is shared, never after",
    "Sources/Core/NativeLibraries/NativeLibrary.swift": "never closed; dlsym is thread-safe",
    "Sources/Core/Serving/ModelThreads/ModelThread.swift": "handed over once, then one thread's",
    "Sources/Core/Serving/ModelThreads/Signal.swift": "its own lock",
    "Sources/Core/Serving/Models/InlineInstances.swift": "one place for each event loop",
    "Sources/Operations/Monitoring/Metrics/CounterCells.swift": "atomic operations only",
    "Sources/Runtimes/OnnxRuntime/OnnxRun.swift": "constant handles; the library allows it",
    "Sources/Runtimes/OnnxRuntime/OnnxRuntimeLibrary.swift": "constant after init, never freed",
    "Sources/Runtimes/OnnxRuntime/OnnxSession.swift": "constant after init; runs are thread-safe",
    "Sources/Runtimes/OpenVino/OpenVinoInstance.swift": "constant handle; the library allows it",
    "Sources/Runtimes/OpenVino/OpenVinoLibrary.swift": "constant after init, never freed",
    "Sources/Runtimes/OpenVino/OpenVinoModel.swift": "constant after init, thread-safe",
    "Sources/Runtimes/Trees/Engine/CompiledEnsemble.swift": "constant after init",
    "Sources/Runtimes/Trees/OnnxML/ColumnMemory.swift":
      "written before it is shared, never after",
    "Sources/Runtimes/Trees/Served/RowThreads.swift":
      "changes while nobody is in; see its contract",
    "Sources/Runtimes/Workers/Channel/Region.swift": "constant after init; see its contract",
    "Sources/Runtimes/Workers/Host/HostChannel.swift": "constant after init; ordered by messages",
    "Sources/Wire/GRPCFront/Connection/TensorReads.swift": "called on its channel's loop only",
    "Sources/Wire/HTTPFront/Connection/BodyReads.swift": "called on its channel's loop only",
    "Sources/Wire/FrontSupport/LoopSink.swift": "the door calls a sink from one thread",
    "Sources/Wire/WireFormats/Numbers/DecimalTables.swift": "written by init alone, never freed",
  ]
}
