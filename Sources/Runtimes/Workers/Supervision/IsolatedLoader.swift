package import Inference

/// Loads a model of another runtime in processes of its own, each of which is this program.
package struct IsolatedLoader: ModelLoader {
  package let runtimeName: String
  private let name: String
  private let program: @Sendable (_ path: String, RuntimeOptions) -> [String]
  private let options: WorkerOptions
  private let launcher: WorkerLauncher
  private let observe: @Sendable (_ model: String, WorkerEvent) -> Void

  /// - Parameter program: what hosts the model at that path, with its arguments.
  package init(
    runtimeName: String, name: String, options: WorkerOptions, launcher: WorkerLauncher,
    program: @escaping @Sendable (_ path: String, RuntimeOptions) -> [String],
    observe: @escaping @Sendable (_ model: String, WorkerEvent) -> Void
  ) {
    self.runtimeName = runtimeName
    self.name = name
    self.options = options
    self.launcher = launcher
    self.program = program
    self.observe = observe
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    guard case .file(let path) = source else {
      throw RuntimeFault(
        code: .invalidModel, message: "a model that is built in cannot be isolated")
    }
    var plan = WorkerPlan(
      program: program(path, options), workerCount: options.callerCount
    ) { _ in "" }
    plan.keepInLine(self.options, launcher: launcher, name: name)
    plan.observe = { [observe, name] in observe(name, $0) }
    let group = try WorkerGroup(name: name, plan: plan)
    // A host says its model's platform among what the file says of itself, which it is not part of.
    let said = group.signature.signature
    let signature = ModelSignature(
      inputs: said.inputs, outputs: said.outputs, hasRowAxis: said.hasRowAxis,
      metadata: said.metadata.filter { $0.key != "platform" }, methods: said.methods)
    return WorkerModel(
      group, platformName: said.metadata["platform"] ?? runtimeName, signature: signature)
  }
}
