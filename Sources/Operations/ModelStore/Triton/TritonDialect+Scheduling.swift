import Batching
import Inference
import Settings

/// When requests run, and which of them together.
extension TritonDialect {
  /// What Triton takes for `max_batch_size` where the model has rows and nothing is written.
  static let usualRowsMax = 4

  mutating func takeBatching() {
    model.scheduling.batching.rowsMax = root.integer("max_batch_size") ?? 0
    guard let group = root.group("dynamic_batching") else { return }
    var policy = BatchingPolicy(mode: .fixed, rowsMax: model.scheduling.batching.rowsMax)
    policy.preferredRowCounts = Array(Set(group.integers("preferred_batch_size"))).sorted()
    if root.integer("max_batch_size") == nil {
      policy.rowsMax = max(Self.usualRowsMax, policy.preferredRowCounts.last ?? 0)
    } else if policy.rowsMax == 0 {
      warn("max_batch_size is 0, so no requests are joined", root, "dynamic_batching")
      policy.mode = .off
    }
    checkPreferred(policy.preferredRowCounts, policy.rowsMax, group)
    policy.delayNanosecondsMax = nanoseconds(group, "max_queue_delay_microseconds")
    policy.preservesOrdering = group.isTrue("preserve_ordering") ?? false
    if let queue = group.group("default_queue_policy") { policy.defaultQueue = self.queue(queue) }
    takePriorities(group, into: &policy)
    model.scheduling.batching = policy
  }

  private mutating func checkPreferred(
    _ counts: [Int], _ rowsMax: Int, _ group: ConfigurationGroup
  ) {
    if let largest = counts.last, rowsMax > 0, largest > rowsMax {
      stop("\(largest) is above max_batch_size \(rowsMax)", group, "preferred_batch_size")
    }
  }

  private mutating func takePriorities(
    _ group: ConfigurationGroup, into policy: inout BatchingPolicy
  ) {
    let levels = group.integer("priority_levels") ?? 0
    policy.priorityLevelCount = levels
    policy.defaultPriorityLevel = group.integer("default_priority_level") ?? 0
    if levels > 0, !(1...levels).contains(policy.defaultPriorityLevel) {
      stop("expected a level from 1 to \(levels)", group, "default_priority_level")
    }
    for (key, queue) in group.keyedGroups("priority_queue_policy") {
      guard let level = Int(key), level >= 1, level <= levels else {
        stop("\(key) is no level from 1 to \(levels)", group, "priority_queue_policy")
        continue
      }
      policy.queues[level] = self.queue(queue)
    }
  }

  private func queue(_ group: ConfigurationGroup) -> QueuePolicy {
    QueuePolicy(
      timeoutAction: group.text("timeout_action") == "DELAY" ? .delay : .reject,
      timeoutNanoseconds: nanoseconds(group, "default_timeout_microseconds"),
      allowsTimeoutOverride: group.isTrue("allow_timeout_override") ?? false,
      waitingMax: group.integer("max_queue_size") ?? 0)
  }

  func nanoseconds(_ group: ConfigurationGroup, _ key: String) -> UInt64 {
    UInt64(group.integer(key) ?? 0) * 1_000
  }

  // MARK: Sequences

  mutating func takeSequences() {
    guard let group = root.group("sequence_batching") else { return }
    var policy = SequencePolicy()
    let idle = nanoseconds(group, "max_sequence_idle_microseconds")
    if idle > 0 { policy.idleNanosecondsMax = idle }
    policy.strategy = strategy(group)
    policy.isIterative = group.isTrue("iterative_sequence") ?? false
    for input in group.groups("control_input") { takeControl(input, into: &policy) }
    for state in group.groups("state") {
      if let state = self.state(state) { policy.states.append(state) }
    }
    model.scheduling.sequences = policy
    let filled = policy.controls.map(\.input) + policy.states.flatMap { [$0.input, $0.output] }
    model.declared?.serverTensors = Set(filled)
  }

  private mutating func strategy(_ group: ConfigurationGroup) -> SequencePolicy.Strategy {
    if let oldest = group.group("oldest") {
      let preferred = Array(Set(oldest.integers("preferred_batch_size"))).sorted()
      checkPreferred(preferred, model.scheduling.batching.rowsMax, oldest)
      return .oldest(
        candidateSequencesMax: oldest.integer("max_candidate_sequences") ?? 0,
        preferredRowCounts: preferred,
        delayNanosecondsMax: nanoseconds(oldest, "max_queue_delay_microseconds"),
        preservesOrdering: oldest.isTrue("preserve_ordering") ?? false)
    }
    let direct = group.group("direct")
    let utilization = direct?.number("minimum_slot_utilization") ?? 0
    if let direct, !(0...1).contains(utilization) {
      stop("expected a share from 0 to 1", direct, "minimum_slot_utilization")
    }
    return .direct(
      delayNanosecondsMax: direct.map { nanoseconds($0, "max_queue_delay_microseconds") } ?? 0,
      minimumSlotUtilization: utilization)
  }

  private mutating func takeControl(
    _ input: ConfigurationGroup, into policy: inout SequencePolicy
  ) {
    guard let name = input.word("name") else { return stop("expected a name", input, "name") }
    if input.groups("control").isEmpty { stop("expected a control", input, "control") }
    for control in input.groups("control") {
      let kind: SequencePolicy.ControlKind =
        switch control.text("kind") {
        case "CONTROL_SEQUENCE_READY": .ready
        case "CONTROL_SEQUENCE_END": .end
        case "CONTROL_SEQUENCE_CORRID": .correlationID
        default: .start
        }
      if policy.controls.contains(where: { $0.kind == kind }) {
        stop("two inputs have this control", control, "kind")
        continue
      }
      if let made = self.control(control, kind, of: name) { policy.controls.append(made) }
    }
  }

  private mutating func control(
    _ group: ConfigurationGroup, _ kind: SequencePolicy.ControlKind, of input: String
  ) -> SequencePolicy.Control? {
    let datatypes: [(key: String, Datatype)] = [
      ("int32_false_true", .int32), ("fp32_false_true", .float32), ("bool_false_true", .bool),
    ]
    let given = datatypes.filter { group.has($0.key) }
    if kind == .correlationID {
      guard given.isEmpty, let datatype = datatype(group, "data_type") else { return nil }
      let allowed: [Datatype] = [.uint64, .int64, .uint32, .int32, .bytes]
      guard allowed.contains(datatype) else {
        stop(
          "a correlation id is \(allowed.map(\.name).joined(separator: " or "))", group,
          "data_type")
        return nil
      }
      return SequencePolicy.Control(input: input, kind: kind, datatype: datatype)
    }
    guard given.count == 1, group.numbers(given[0].key).count == 2 else {
      stop(
        "expected one of \(datatypes.map(\.key).joined(separator: ", ")), with two values", group,
        "kind")
      return nil
    }
    let values = group.numbers(given[0].key)
    return SequencePolicy.Control(
      input: input, kind: kind, datatype: given[0].1, falseValue: values[0], trueValue: values[1])
  }

  private mutating func state(_ group: ConfigurationGroup) -> SequencePolicy.State? {
    guard let input = group.word("input_name"), let output = group.word("output_name") else {
      model.notes.stop(
        "\(group.path): expected input_name and output_name", in: file, at: group.place)
      return nil
    }
    guard let datatype = datatype(group, "data_type") else { return nil }
    return SequencePolicy.State(
      input: input, output: output, datatype: datatype, dimensions: group.integers("dims"),
      initialBytes: initialBytes(group, datatype))
  }

  /// Empty for zeros.
  private mutating func initialBytes(_ group: ConfigurationGroup, _ datatype: Datatype) -> [UInt8] {
    guard let initial = group.group("initial_state"), let name = initial.word("data_file") else {
      return []
    }
    let count = initial.integers("dims").reduce(datatype.elementByteCount ?? 1) { product, length in
      product.multipliedReportingOverflow(by: max(0, length)).partialValue
    }
    do throws(TextFile.Problem) {
      let bytes = try TextFile.bytes("\(folder)/initial_state/\(name)", byteCountMax: 64 << 20)
      if datatype != .bytes, bytes.count != count {
        stop("the file has \(bytes.count) bytes, and the shape \(count)", initial, "data_file")
      }
      return bytes
    } catch {
      stop("cannot read \(folder)/initial_state/\(name): \(error.reason)", initial, "data_file")
      return []
    }
  }
}
