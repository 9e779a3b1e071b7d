import Batching
import Inference
import Settings

/// Completes what an operator wrote with what is in force: names and shapes of the loaded model, and
/// of a plan what it was read from elsewhere than from a Triton configuration.
struct ConfigurationCompletion {
  typealias Value = ConfigurationGroup.Value

  let plan: ModelPlan
  let model: ConfiguredModel
  var root: ConfigurationGroup

  static func root(of plan: ModelPlan, _ model: ConfiguredModel) -> ConfigurationGroup {
    var completion = ConfigurationCompletion(
      plan: plan, model: model, root: plan.written ?? ConfigurationGroup())
    completion.completeIdentity()
    completion.completeTensors()
    completion.completeScheduling()
    completion.completeInstances()
    completion.completeWarmUps()
    return completion.root
  }

  /// Keys that a `model.yaml` beside a Triton configuration may have changed: what is in force then
  /// comes from the plan.
  static let overlaid = [
    "version_policy", "max_batch_size", "input", "output", "dynamic_batching", "sequence_batching",
    "ensemble_scheduling", "instance_group", "default_model_filename", "model_warmup",
    "response_cache",
  ]

  // MARK: What it is

  private mutating func completeIdentity() {
    root.set("name", [.text(model.name)])
    let isGraph = plan.graph != nil
    root.complete("platform", [.text(isGraph ? "ensemble" : model.platformName)])
    // Whether an ONNX file is one of trees, only its load finds out.
    let isTrees = plan.runtime == .auto && model.platformName.hasPrefix("trees")
    let runtime = isTrees ? ModelPlan.RuntimeKind.trees : plan.chosenRuntime
    if !isGraph { root.complete("backend", [.text(runtime.rawValue)]) }
    root.complete("version_policy", [.group(versions)])
    if case .file(let path) = plan.source, !isGraph {
      root.complete("default_model_filename", [.text(PathText.name(path))])
    }
    if plan.scheduling.keepsAnswers {
      root.set("response_cache", [.group(.init([("enable", [.boolean(true)])]))])
    }
    if model.isDecoupled {
      root.set("model_transaction_policy", [.group(.init([("decoupled", [.boolean(true)])]))])
    }
  }

  private var versions: ConfigurationGroup {
    switch plan.versions {
    case .all: .init([("all", [.group(.init())])])
    case .latest(let count):
      .init([("latest", [.group(.init([("num_versions", [.integer(Int64(count))])]))])])
    case .chosen(let numbers):
      .init([("specific", [.group(.init([("versions", numbers.map { .integer($0) })]))])])
    }
  }

  // MARK: Inputs and outputs

  private mutating func completeTensors() {
    if root.integer("max_batch_size") == nil {
      root.set("max_batch_size", [.integer(Int64(rowsMax))])
    }
    let signature = model.signature
    root.set("input", tensors(signature.inputs, "input", plan.declared?.inputs ?? []))
    root.set("output", tensors(signature.outputs, "output", plan.declared?.outputs ?? []))
  }

  /// A model with rows takes any number of them, which are spread over runs; who asks for the most
  /// gets what a run joins, or what Triton takes where nobody says.
  private var rowsMax: Int {
    guard model.signature.hasRowAxis else { return 0 }
    let policy = plan.scheduling.batching
    if policy.mode != .off, let tuned = model.batching?.rowsMax { return max(1, tuned) }
    return policy.rowsMax > 0 ? policy.rowsMax : TritonDialect.usualRowsMax
  }

  private func tensors(
    _ tensors: [TensorDescription], _ key: String, _ declared: [DeclaredTensor]
  ) -> [Value] {
    let written = root.groups(key)
    return tensors.map { tensor in
      var group = written.first { $0.text("name") == tensor.name } ?? ConfigurationGroup()
      group.set("name", [.text(tensor.name)])
      group.set("data_type", [.text(name(of: tensor.datatype))])
      let hasRows = model.signature.hasRowAxis && !tensor.isShapeless
      let lengths = tensor.metadataShape.dropFirst(hasRows ? 1 : 0)
      group.set("dims", Value.integers(Array(lengths)))
      if tensor.isOptional { group.set("optional", [.boolean(true)]) }
      if let inner = declared.first(where: { $0.name == tensor.name })?.modelDimensions {
        group.set("reshape", [.group(.init([("shape", Value.integers(inner))]))])
      }
      return .group(group)
    }
  }

  func name(of datatype: Datatype) -> String {
    datatype == .bytes ? "TYPE_STRING" : "TYPE_\(datatype.name)"
  }

  // MARK: Instances and warm-up

  private mutating func completeInstances() {
    let written = root.groups("instance_group")
    let groups = written.isEmpty ? plannedGroups : written
    let named: [Value] = groups.enumerated().map { place, group in
      var group = group
      group.complete("name", [.text("\(model.name)_\(place)")])
      group.complete("count", [.integer(1)])
      if group.text("kind") ?? "KIND_AUTO" == "KIND_AUTO" {
        group.set("kind", [.text("KIND_CPU")])
      }
      return .group(group)
    }
    // A graph has no instances of its own; Triton lists none, either.
    if plan.graph == nil { root.set("instance_group", named) }
  }

  private var plannedGroups: [ConfigurationGroup] {
    let planned = plan.scheduling.groups
    return planned.map { group in
      // One group has all instances that there are; of several each says its own.
      let count = planned.count == 1 ? model.instanceCount : group.count
      var made = ConfigurationGroup([("count", [.integer(Int64(max(1, count)))])])
      if group.limit != RateLimitPolicy() {
        made.set("rate_limiter", [.group(self.group(group.limit))])
      }
      if let policy = group.hostPolicy { made.set("host_policy", [.text(policy)]) }
      return made
    }
  }

  private func group(_ limit: RateLimitPolicy) -> ConfigurationGroup {
    let resources = limit.claims.map { claim in
      ConfigurationGroup([
        ("name", [.text(claim.name)]), ("global", [.boolean(claim.isGlobal)]),
        ("count", [.integer(Int64(claim.count))]),
      ])
    }
    return ConfigurationGroup([
      ("resources", resources.map { .group($0) }), ("priority", [.integer(Int64(limit.priority))]),
    ])
  }

  private mutating func completeWarmUps() {
    guard !root.has("model_warmup") else { return }
    root.set("model_warmup", plan.warmUps.map { .group(warmUp($0)) })
  }

  private func warmUp(_ warmUp: WarmUp) -> ConfigurationGroup {
    var group = ConfigurationGroup([
      ("name", [.text(warmUp.name)]), ("batch_size", [.integer(Int64(warmUp.batchSize))]),
      ("count", [.integer(Int64(warmUp.count))]),
    ])
    group.set(
      "inputs",
      keyed: warmUp.inputs.map { input in
        var tensor = ConfigurationGroup([
          ("data_type", [.text(name(of: input.datatype))]),
          ("dims", Value.integers(input.dimensions)),
        ])
        switch input.content {
        case .zero: tensor.set("zero_data", [.boolean(true)])
        case .random: tensor.set("random_data", [.boolean(true)])
        case .file(let path): tensor.set("input_data_file", [.text(PathText.name(path))])
        }
        return (input.name, .group(tensor))
      })
    return group
  }
}
