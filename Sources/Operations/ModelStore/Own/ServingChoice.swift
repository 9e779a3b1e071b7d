import Batching
package import Inference
import Settings

/// What a tuning chooses for a model: the keys of `model.yaml` that only concern how it is computed.
package struct ServingChoice: Sendable, Equatable {
  package var runtime: ModelPlan.RuntimeKind
  package var precision: RuntimeOptions.Precision
  package var instances: Int
  package var threads: Int
  /// Most rows of a run; with 1 each request runs alone.
  package var rowsMax: Int
  /// How long a request may wait for others, where they are joined.
  package var delayNanoseconds: UInt64

  package init(
    runtime: ModelPlan.RuntimeKind, precision: RuntimeOptions.Precision, instances: Int,
    threads: Int, rowsMax: Int, delayNanoseconds: UInt64
  ) {
    self.runtime = runtime
    self.precision = precision
    self.instances = instances
    self.threads = threads
    self.rowsMax = rowsMax
    self.delayNanoseconds = delayNanoseconds
  }
}

extension ModelPlan {
  /// Serves it so, whatever was said before.
  package mutating func adopt(_ choice: ServingChoice) {
    runtime = choice.runtime
    options.precision = choice.precision
    options.threadCount = choice.threads
    scheduling.instances = []
    instanceCount = choice.instances
    guard choice.rowsMax > 1 else {
      scheduling.batching.mode = .off
      return
    }
    scheduling.batching.mode = .fixed
    scheduling.batching.rowsMax = choice.rowsMax
    scheduling.batching.delayNanosecondsMax = choice.delayNanoseconds
    scheduling.batching.preferredRowCounts = []
    var declared = declared ?? DeclaredSignature()
    declared.rowsMax = choice.rowsMax
    self.declared = declared
  }

  /// How it is served as it stands, with so many instances. Where the server itself chooses the size
  /// of batches, that is the largest it may choose.
  package func choice(instances: Int) -> ServingChoice {
    let batching = scheduling.batching
    let isJoined = batching.mode != .off && batching.rowsMax > 1
    return ServingChoice(
      runtime: chosenRuntime, precision: options.precision, instances: instances,
      threads: options.threadCount, rowsMax: isJoined ? batching.rowsMax : 1,
      delayNanoseconds: isJoined ? batching.delayNanosecondsMax : 0)
  }

  /// It is a file that ONNX Runtime loads.
  package var isONNX: Bool {
    switch source {
    case .embedded: true
    case .file(let path): ServedFormat.isONNX(path)
    }
  }

  /// Most rows of a request or a run that its operator allows; `nil` where nothing is said.
  package var rowsBound: Int? { declared?.rowsMax }

  /// Why its settings are not a matter of trying; `nil` where they are.
  package var untunableReason: String? {
    if graph != nil { return "it is a graph; tune the models that it asks, one by one" }
    if scheduling.sequences != nil {
      return "its requests belong to sequences, and these are not asked here"
    }
    if scheduling.isDecoupled { return "it answers in parts, and these are not measured here" }
    switch chosenRuntime {
    case .auto, .onnxruntime, .openvino: return nil
    case .trees, .forest:
      return
        "trees are compiled for this processor as they are loaded, and requests run on the event "
        + "loops; there is nothing to choose"
    case .python: return "Python computes it, in as many processes as its instances say"
    case .identity, .repeating, .square, .iterativeSequence:
      return "it is an example that computes nothing"
    }
  }
}

// MARK: Writing

extension ServingChoice {
  /// The text of a `model.yaml` with this choice: new, or an old one with the keys of the choice in
  /// place of its own and all else as it was. `nil` for an old one that is not a plain list of keys.
  ///
  /// - Parameters:
  ///   - remarks: what a reader should know, a line each; each begins with `remark`, so that the next
  ///     choice replaces it.
  ///   - identity: `name` and `file`, for keys that the old text does not have.
  package func yaml(
    over old: String?, remarks: [String], identity: [(key: String, value: String)]
  ) -> String? {
    var blocks = YAMLBlocks(old ?? "")
    guard blocks.isPlain else { return nil }
    blocks.removeRemarks("# \(Self.remark)")
    for key in Self.keys where key != "max-batch-size" || rowsMax > 1 { blocks.remove(key) }
    for (key, value) in identity where !blocks.has(key) { blocks.add("\(key): \(value)") }
    for remark in remarks { blocks.add("# \(remark)") }
    blocks.add("runtime: \(runtime.rawValue)")
    blocks.add("precision: \(precision.rawValue)")
    blocks.add("instances: \(instances)")
    blocks.add("runtime-threads: \(threads)")
    blocks.add("batching: \(rowsMax > 1 ? "fixed" : "off")")
    if rowsMax > 1 {
      blocks.add("max-batch-size: \(rowsMax)")
      blocks.add("batch-delay: \(TimeSpan.text(.nanoseconds(Int64(delayNanoseconds))))")
    }
    return blocks.text
  }

  package static let remark = "apus tune:"

  private static let keys = [
    "runtime", "precision", "instances", "runtime-threads", "batching", "max-batch-size",
    "batch-delay", "preferred-batch-sizes", "target",
  ]
}

/// A YAML file as its keys of the outermost level, each with the lines that belong to it.
private struct YAMLBlocks {
  private var lines: [String]

  init(_ text: String) {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    while lines.last?.allSatisfy(\.isWhitespace) ?? false { lines.removeLast() }
  }

  /// Every line that begins at the margin is a comment, a key, or an element of a key's list.
  var isPlain: Bool {
    lines.allSatisfy { line in
      guard let first = line.first, first != " ", first != "#", first != "-" else {
        return !line.hasPrefix("---")
      }
      return Self.key(of: line) != nil
    }
  }

  var text: String { lines.joined(separator: "\n") + "\n" }

  func has(_ key: String) -> Bool { lines.contains { Self.key(of: $0) == key } }

  mutating func add(_ line: String) { lines.append(line) }

  mutating func removeRemarks(_ beginning: String) {
    lines.removeAll { $0.hasPrefix(beginning) }
  }

  mutating func remove(_ key: String) {
    var isInside = false
    lines = lines.filter { line in
      if let found = Self.key(of: line) { isInside = found == key }
      if line.hasPrefix("#") { isInside = false }
      return !isInside
    }
  }

  private static func key(of line: String) -> String? {
    guard let first = line.first, first.isLetter, let colon = line.firstIndex(of: ":") else {
      return nil
    }
    let key = line[..<colon]
    return key.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
      ? String(key) : nil
  }
}
