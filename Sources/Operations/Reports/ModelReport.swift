import Inference
import Serving
package import Settings
import Vision

/// What `apus inspect` says of one model.
package struct ModelReport: Sendable {
  package let trial: ModelTrial
  package let version: Int64
  /// Bytes of the model's file; of external weights not.
  package let fileByteCount: Int
  /// Of the library that runs it.
  package let runtimeVersion: String
  package let machine: MachineLimits
  let task: VisionTask

  package init(
    trial: ModelTrial, version: Int64, fileByteCount: Int, runtimeVersion: String,
    machine: MachineLimits
  ) {
    self.trial = trial
    self.version = version
    self.fileByteCount = fileByteCount
    self.runtimeVersion = runtimeVersion
    self.machine = machine
    task = VisionTask.recognise(
      signature: trial.signature, labels: trial.labels, task: trial.taskName)
  }

  var signature: ModelSignature { trial.signature }

  /// As many instances as the server would make by default.
  package var fit: MemoryFit {
    MemoryFit(
      footprintByteCount: trial.status.footprintByteCount,
      instanceByteCount: trial.run?.grownByteCount ?? 0, instanceCount: machine.cores,
      availableByteCount: machine.memoryByteCount)
  }

  // MARK: Text

  /// A block of lines; with every word of the metadata and every class where `isExplained`.
  package func lines(isExplained: Bool) -> [String] {
    var facts = TextTable([.init(""), .init("")])
    for (name, value) in self.facts { facts.add([name, value]) }
    var lines = ["\(trial.status.name) (\(trial.status.sourceName))"]
    lines += facts.lines.map { "  \($0)" }
    lines += table("inputs", signature.inputs) + table("outputs", signature.outputs)
    if isExplained { lines += explanation }
    return lines
  }

  private var facts: [(String, String)] {
    var facts = [
      ("task", task.kind.name),
      ("runtime", "\(trial.status.runtimeName) \(runtimeVersion)"),
      ("platform", trial.status.platformName),
    ]
    if !task.labels.isEmpty { facts.append(("classes", Self.summary(of: task.labels))) }
    if let producer = signature.metadata["onnx.producer_name"] {
      facts.append(("producer", producer))
    }
    if let description = signature.metadata["onnx.description"] ?? signature.metadata["description"]
    {
      facts.append(("description", description))
    }
    facts += trees
    facts.append(("file", Readable.bytes(fileByteCount)))
    facts.append(("loads in", Readable.time(trial.loadNanoseconds)))
    facts.append(("memory", memory))
    facts.append(("first run", firstRun))
    facts.append(("will it fit?", fit.sentence))
    return facts
  }

  /// What a model of trees says of itself.
  private var trees: [(String, String)] {
    guard let columns = signature.table else { return [] }
    var facts: [(String, String)] = []
    if let objective = signature.metadata["objective"] { facts.append(("objective", objective)) }
    if let count = signature.metadata["trees"], let depth = signature.metadata["depth"],
      let rounds = signature.metadata["rounds"]
    {
      facts.append(("trees", "\(count) in \(rounds) rounds, up to \(depth) deep"))
    }
    if let names = columns.names { facts.append(("columns", Self.summary(of: names))) }
    return facts
  }

  private var memory: String {
    let weights = Readable.bytes(trial.status.footprintByteCount)
    guard let run = trial.run else { return "\(weights) loaded" }
    return "\(weights) loaded, \(Readable.bytes(run.grownByteCount)) more for each instance"
  }

  private var firstRun: String {
    if let run = trial.run { return "\(Readable.time(run.nanoseconds)) on zeros" }
    return "not tried: \(trial.runProblem ?? "no reason given")"
  }

  private func table(_ title: String, _ ports: [TensorDescription]) -> [String] {
    var table = TextTable([.init(""), .init(""), .init(""), .init("")])
    for port in ports {
      let shape = port.isShapeless ? "any shape" : Self.shape(of: port)
      let remark = port.isOptional ? "optional" : port.isOnRequest ? "on request" : ""
      table.add([port.name, port.datatype.name, shape, remark])
    }
    return ["  \(title)"] + table.lines.map { "    \($0)" }
  }

  /// Open axes by their names, where they have one.
  private static func shape(of port: TensorDescription) -> String {
    "["
      + port.dimensions.map { dimension in
        switch dimension {
        case .fixed(let length): String(length)
        case .any(let name): name ?? "?"
        }
      }.joined(separator: ",") + "]"
  }

  private static func summary(of labels: [String]) -> String {
    let first = labels.prefix(5).joined(separator: ", ")
    return labels.count > 5 ? "\(labels.count): \(first), ..." : "\(labels.count): \(first)"
  }

  private var explanation: [String] {
    var lines: [String] = []
    if !task.labels.isEmpty {
      let source = trial.labels.isEmpty ? "of the model" : "given"
      lines.append("  classes \(source)")
      lines += task.labels.enumerated().map {
        "    \($0.offset): \(TextTable.harmless($0.element))"
      }
    }
    var table = TextTable([.init(""), .init("")])
    for (key, value) in signature.metadata.sorted(by: { $0.key < $1.key }) {
      table.add([key, value])
    }
    if !table.isEmpty { lines += ["  metadata"] + table.lines.map { "    \($0)" } }
    return lines
  }
}
