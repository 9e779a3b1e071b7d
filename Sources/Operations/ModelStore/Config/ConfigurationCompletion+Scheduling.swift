import Batching
import Inference

/// When requests run, in the words of the message.
extension ConfigurationCompletion {
  mutating func completeScheduling() {
    let choices = ["dynamic_batching", "sequence_batching", "ensemble_scheduling"]
    guard !choices.contains(where: root.has) else { return }
    if let graph = plan.graph {
      root.set("ensemble_scheduling", [.group(steps(of: graph))])
    } else if let sequences = plan.scheduling.sequences {
      root.set("sequence_batching", [.group(group(sequences))])
    } else if plan.scheduling.batching.mode != .off, model.signature.hasRowAxis {
      root.set("dynamic_batching", [.group(group(plan.scheduling.batching))])
    }
  }

  // MARK: Batches

  private func group(_ policy: BatchingPolicy) -> ConfigurationGroup {
    let delay = model.batching?.delayNanoseconds ?? policy.delayNanosecondsMax
    var group = ConfigurationGroup([
      ("preferred_batch_size", Value.integers(policy.preferredRowCounts)),
      ("max_queue_delay_microseconds", [.microseconds(delay)]),
      ("preserve_ordering", [.boolean(policy.preservesOrdering)]),
      ("priority_levels", [.integer(Int64(policy.priorityLevelCount))]),
      ("default_priority_level", [.integer(Int64(policy.defaultPriorityLevel))]),
    ])
    if policy.defaultQueue != QueuePolicy() {
      group.set("default_queue_policy", [.group(self.group(policy.defaultQueue))])
    }
    group.set(
      "priority_queue_policy",
      keyed: policy.queues.sorted { $0.key < $1.key }.map {
        (String($0.key), .group(self.group($0.value)))
      })
    return group
  }

  private func group(_ policy: QueuePolicy) -> ConfigurationGroup {
    ConfigurationGroup([
      ("timeout_action", [.text(policy.timeoutAction == .delay ? "DELAY" : "REJECT")]),
      ("default_timeout_microseconds", [.microseconds(policy.timeoutNanoseconds)]),
      ("allow_timeout_override", [.boolean(policy.allowsTimeoutOverride)]),
      ("max_queue_size", [.integer(Int64(policy.waitingMax))]),
    ])
  }

  // MARK: Sequences

  private func group(_ policy: SequencePolicy) -> ConfigurationGroup {
    var group = ConfigurationGroup([
      ("max_sequence_idle_microseconds", [.microseconds(policy.idleNanosecondsMax)]),
      ("control_input", policy.controls.map { .group(self.group($0)) }),
      ("state", policy.states.map { .group(self.group($0)) }),
    ])
    switch policy.strategy {
    case .direct(let delay, let utilization):
      let direct = ConfigurationGroup([
        ("max_queue_delay_microseconds", [.microseconds(delay)]),
        ("minimum_slot_utilization", [.number(utilization)]),
      ])
      group.set("direct", [.group(direct)])
    case .oldest(let candidates, let preferred, let delay, let preservesOrdering):
      let oldest = ConfigurationGroup([
        ("max_candidate_sequences", [.integer(Int64(candidates))]),
        ("preferred_batch_size", Value.integers(preferred)),
        ("max_queue_delay_microseconds", [.microseconds(delay)]),
        ("preserve_ordering", [.boolean(preservesOrdering)]),
      ])
      group.set("oldest", [.group(oldest)])
    }
    return group
  }

  private func group(_ control: SequencePolicy.Control) -> ConfigurationGroup {
    let kind =
      switch control.kind {
      case .start: "CONTROL_SEQUENCE_START"
      case .ready: "CONTROL_SEQUENCE_READY"
      case .end: "CONTROL_SEQUENCE_END"
      case .correlationID: "CONTROL_SEQUENCE_CORRID"
      }
    var inner = ConfigurationGroup([("kind", [.text(kind)])])
    if control.kind == .correlationID {
      inner.set("data_type", [.text(name(of: control.datatype))])
    } else {
      let (no, yes) = (control.falseValue, control.trueValue)
      switch control.datatype {
      case .bool: inner.set("bool_false_true", [.boolean(no != 0), .boolean(yes != 0)])
      case .float32: inner.set("fp32_false_true", [.number(no), .number(yes)])
      default: inner.set("int32_false_true", Value.integers([Int(no), Int(yes)]))
      }
    }
    return ConfigurationGroup([
      ("name", [.text(control.input)]), ("control", [.group(inner)]),
    ])
  }

  private func group(_ state: SequencePolicy.State) -> ConfigurationGroup {
    ConfigurationGroup([
      ("input_name", [.text(state.input)]), ("output_name", [.text(state.output)]),
      ("data_type", [.text(name(of: state.datatype))]),
      ("dims", Value.integers(state.dimensions)),
    ])
  }

  // MARK: Graphs

  /// The models that a graph asks, which is what the message can say of one; a step that asks one of
  /// several, or does its work itself, has no name of a model.
  private func steps(of graph: GraphDescription) -> ConfigurationGroup {
    let steps: [Value] = graph.steps.map { step in
      var group = ConfigurationGroup()
      if case .model(let address) = step.work {
        group.set("model_name", [.text(address.name)])
        if case .number(let version) = address.version {
          group.set("model_version", [.integer(version)])
        } else {
          group.set("model_version", [.integer(-1)])
        }
      }
      group.set("input_map", keyed: step.inputs.map { ($0.port, .text($0.tensor)) })
      group.set("output_map", keyed: step.outputs.map { ($0.port, .text($0.tensor)) })
      return .group(group)
    }
    return ConfigurationGroup([
      ("step", steps), ("max_inflight_requests", [.integer(Int64(graph.inFlightRequestsMax))]),
    ])
  }
}
