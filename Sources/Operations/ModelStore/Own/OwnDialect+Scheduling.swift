import Batching
import Inference
import Settings

/// When requests run, and which of them together.
extension OwnDialect {
  mutating func takeTensors() {
    let inputs = root.groups("inputs").compactMap { tensor($0) }
    let outputs = root.groups("outputs").compactMap { tensor($0) }
    let rowsMax = root.integer("max-batch-size")
    guard rowsMax != nil || !inputs.isEmpty || !outputs.isEmpty else { return }
    var declared = model.declared ?? DeclaredSignature()
    if !inputs.isEmpty { declared.inputs = inputs }
    if !outputs.isEmpty { declared.outputs = outputs }
    if let rowsMax { declared.rowsMax = rowsMax }
    model.declared = declared
  }

  mutating func tensor(_ group: ConfigurationGroup) -> DeclaredTensor? {
    guard let name = group.word("name") else {
      wrong("a name", group, "name")
      return nil
    }
    guard let datatype = group.text("datatype").flatMap(Datatype.init(name:)) else {
      wrong("a datatype", group, "datatype")
      return nil
    }
    var tensor = DeclaredTensor(
      name: name, datatype: datatype, dimensions: group.integers("shape"),
      isOptional: group.isTrue("optional") ?? false)
    if group.has("model-shape") {
      tensor.modelDimensions = group.integers("model-shape")
      if !tensor.isReshapable { stop("does not hold the elements of shape", group, "model-shape") }
    }
    return tensor
  }

  mutating func takeBatching() {
    var policy = model.scheduling.batching
    if let rowsMax = root.integer("max-batch-size") { policy.rowsMax = rowsMax }
    if root.has("preferred-batch-sizes") {
      policy.preferredRowCounts = Array(Set(root.integers("preferred-batch-sizes"))).sorted()
    }
    if let delay = root.nanoseconds("batch-delay") { policy.delayNanosecondsMax = delay }
    if let isOrdered = root.isTrue("preserve-ordering") { policy.preservesOrdering = isOrdered }
    if let mode = mode(over: policy.mode) { policy.mode = mode }
    if let largest = policy.preferredRowCounts.last, policy.rowsMax > 0, largest > policy.rowsMax {
      stop("\(largest) is above the batch size \(policy.rowsMax)", root, "preferred-batch-sizes")
    }
    takeQueue(into: &policy)
    takePadding(into: &policy)
    model.scheduling.batching = policy
    if let isDecoupled = root.isTrue("decoupled") { model.scheduling.isDecoupled = isDecoupled }
    if let keeps = root.isTrue("response-cache") { model.scheduling.keepsAnswers = keeps }
  }

  /// `nil` where nothing is said.
  private mutating func mode(over known: BatchingPolicy.Mode) -> BatchingPolicy.Mode? {
    let aim = root.has("target") ? self.aim() : nil
    switch root.text("batching") {
    case "off": return .off
    case "fixed":
      if aim != nil { stop("it goes with batching: auto", root, "target") }
      return .fixed
    case "auto": return .automatic(aim ?? .throughput)
    default:
      if case .automatic = known, let aim { return .automatic(aim) }
      if aim != nil { stop("it goes with batching: auto", root, "target") }
      let saysHow = root.has("batch-delay") || root.has("preferred-batch-sizes")
      return saysHow && known == .off ? .fixed : nil
    }
  }

  private mutating func aim() -> BatchingAim? {
    let words = (root.tree("target")?.plainTexts ?? []).joined(separator: " ")
      .split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "," }).map(String.init)
    if words == ["throughput"] { return .throughput }
    if words.count == 2, words[0] == "p99", let span = TimeSpan.parse(words[1]), span > .zero {
      let (seconds, attoseconds) = span.components
      return .p99(
        nanoseconds: UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000)
    }
    wrong("throughput, or a percentile and a time such as p99 20ms", root, "target")
    return nil
  }

  private mutating func takeQueue(into policy: inout BatchingPolicy) {
    if let levels = root.integer("priority-levels") { policy.priorityLevelCount = levels }
    if let level = root.integer("default-priority") { policy.defaultPriorityLevel = level }
    let levels = policy.priorityLevelCount
    if levels > 0, policy.defaultPriorityLevel == 0 { policy.defaultPriorityLevel = levels }
    if policy.defaultPriorityLevel > levels {
      stop("expected a level from 1 to \(levels)", root, "default-priority")
    }
    if let count = root.integer("queue-size") { policy.defaultQueue.waitingMax = count }
    if let time = root.nanoseconds("queue-timeout") {
      policy.defaultQueue.timeoutNanoseconds = time
    }
    if let action = root.text("timeout-action") {
      policy.defaultQueue.timeoutAction = action == "delay" ? .delay : .reject
    }
    if let allows = root.isTrue("timeout-override") {
      policy.defaultQueue.allowsTimeoutOverride = allows
    }
  }

  private func takePadding(into policy: inout BatchingPolicy) {
    guard let group = root.group("padding") else { return }
    policy.padding = PaddingPolicy(
      value: group.number("value") ?? 0, maskInput: group.word("mask"),
      lengthBuckets: Array(Set(group.integers("buckets"))).sorted())
  }

  // MARK: Warm-up

  mutating func takeWarmUps() {
    let groups = root.groups("warm-up")
    if !groups.isEmpty { model.warmUps = [] }
    for (place, group) in groups.enumerated() {
      var warmUp = WarmUp(
        name: group.word("name") ?? "warm-up \(place + 1)", count: group.integer("count") ?? 1,
        batchSize: group.integer("batch-size") ?? 0)
      for (name, input) in group.keyedGroups("inputs") {
        guard let datatype = input.text("datatype").flatMap(Datatype.init(name:)) else {
          wrong("a datatype", input, "datatype")
          continue
        }
        warmUp.inputs.append(
          .init(
            name: name, datatype: datatype, dimensions: input.integers("shape"),
            content: content(input)))
      }
      model.warmUps.append(warmUp)
    }
  }

  private mutating func content(_ input: ConfigurationGroup) -> WarmUp.Content {
    switch input.text("content") ?? "zero" {
    case "zero": return .zero
    case "random": return .random
    case let name:
      if !TextFile.exists(beside(name)) { wrong("zero, random, or a file", input, "content") }
      return .file(path: beside(name))
    }
  }

  // MARK: Sequences

  mutating func takeSequence() {
    guard let group = root.group("sequence") else { return }
    var policy = SequencePolicy()
    if let idle = group.nanoseconds("idle-timeout") { policy.idleNanosecondsMax = idle }
    policy.isIterative = group.isTrue("iterative") ?? false
    let delay = group.nanoseconds("delay") ?? 0
    let utilization = group.number("minimum-slot-utilization") ?? 0
    if !(0...1).contains(utilization) {
      stop("expected a share from 0 to 1", group, "minimum-slot-utilization")
    }
    policy.strategy =
      group.text("strategy") == "oldest"
      ? .oldest(
        candidateSequencesMax: group.integer("candidates") ?? 0,
        preferredRowCounts: Array(Set(group.integers("preferred-batch-sizes"))).sorted(),
        delayNanosecondsMax: delay,
        preservesOrdering: group.isTrue("preserve-ordering") ?? false)
      : .direct(delayNanosecondsMax: delay, minimumSlotUtilization: utilization)
    for control in group.groups("controls") {
      if let made = self.control(control) { policy.controls.append(made) }
    }
    for state in group.groups("states") {
      if let made = self.state(state) { policy.states.append(made) }
    }
    model.scheduling.sequences = policy
    let filled = policy.controls.map(\.input) + policy.states.flatMap { [$0.input, $0.output] }
    model.declared?.serverTensors = Set(filled)
  }

  private mutating func control(_ group: ConfigurationGroup) -> SequencePolicy.Control? {
    let kinds: [String: SequencePolicy.ControlKind] = [
      "start": .start, "end": .end, "ready": .ready, "correlation-id": .correlationID,
    ]
    guard let input = group.word("input"), let kind = group.text("kind").flatMap({ kinds[$0] }),
      let datatype = group.text("datatype").flatMap(Datatype.init(name:))
    else {
      model.notes.stop(
        "\(group.path): expected input, kind and datatype", in: file, at: group.place)
      return nil
    }
    return SequencePolicy.Control(
      input: input, kind: kind, datatype: datatype, falseValue: group.number("false") ?? 0,
      trueValue: group.number("true") ?? 1)
  }

  private mutating func state(_ group: ConfigurationGroup) -> SequencePolicy.State? {
    guard let input = group.word("input"), let output = group.word("output"),
      let datatype = group.text("datatype").flatMap(Datatype.init(name:))
    else {
      model.notes.stop(
        "\(group.path): expected input, output and datatype", in: file, at: group.place)
      return nil
    }
    return SequencePolicy.State(
      input: input, output: output, datatype: datatype, dimensions: group.integers("shape"))
  }
}
