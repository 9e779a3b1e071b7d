import Inference
import ModelStore
import OnnxRuntime
import OpenVino
import Python
import SampleBackends
import Settings
import Trees
import Workers

/// The loader of each runtime, as the settings want it.
struct Loaders {
  private let cache: CompiledModelCache?
  private let workers: PythonLoader.Surroundings

  /// - Parameter observer: is told what the workers of Python models write and what becomes of them.
  /// - Parameter door: lets models ask others; `nil` where a program serves none.
  init(
    settings: ServeSettings, observer: WorkerObserver = WorkerObserver(),
    door: (any ModelDoor)? = nil
  ) {
    workers = PythonLoader.Surroundings(
      launcher: WorkerStart.launcher, cache: Self.directory(settings).map { "\($0)/python" },
      door: door,
      observe: observer.observe, progress: observer.progress)
    cache = Self.directory(settings).map {
      CompiledModelCache(directory: "\($0)/openvino", bytesMax: settings.cacheBytesMax)
    }
  }

  /// What loads a plan's model; never `auto`. Blocks on the beginning of an ONNX file, whose operators
  /// say whether it is a model of trees.
  static func runtime(of plan: ModelPlan) -> ModelPlan.RuntimeKind {
    let chosen = plan.chosenRuntime
    guard plan.runtime == .auto, chosen == .onnxruntime else { return chosen }
    return TreesLoader.takes(plan.source) ? .trees : chosen
  }

  func loader(for plan: ModelPlan) -> any ModelLoader {
    let runtime = Self.runtime(of: plan)
    guard plan.worker.isIsolated, runtime != .python else { return inner(plan, runtime) }
    return IsolatedLoader(
      runtimeName: runtime.rawValue, name: plan.name, options: plan.worker,
      launcher: workers.launcher, program: WorkerCommand.program(for: plan),
      observe: workers.observe)
  }

  private func inner(_ plan: ModelPlan, _ runtime: ModelPlan.RuntimeKind) -> any ModelLoader {
    switch runtime {
    case .auto, .onnxruntime: OnnxLoader()
    case .openvino: OpenVinoLoader(cache: cache)
    case .trees: TreesLoader()
    case .forest: TreesLoader(forest: forest(of: plan))
    case .python:
      PythonLoader(
        name: plan.name, version: plan.version, python: plan.python, worker: plan.worker,
        surroundings: workers)
    case .identity:
      IdentityLoader(
        declared: plan.declared,
        delayMilliseconds: number("execute_delay_ms", of: plan))
    case .repeating: RepeatLoader(declared: plan.declared)
    case .square:
      SquareLoader(
        declared: plan.declared,
        delayMilliseconds: (number("CUSTOM_INFER_DELAY_NS", of: plan) + 999_999) / 1_000_000,
        failureCount: number("CUSTOM_FAIL_COUNT", of: plan))
    case .iterativeSequence: IterativeSequenceLoader(declared: plan.declared)
    }
  }

  private func forest(of plan: ModelPlan) -> ForestParameters {
    ForestParameters(
      givesProbabilities: plan.backendParameters["predict_proba"] == "true",
      givesClass: plan.backendParameters["output_class"] == "true",
      threshold: plan.backendParameters["threshold"].flatMap(Double.init) ?? 0.5)
  }

  private func number(_ parameter: String, of plan: ModelPlan) -> Int {
    plan.backendParameters[parameter].flatMap(Int.init) ?? 0
  }

  /// The release of the library that computes this plan's model; of the program, where none does.
  func version(for plan: ModelPlan) throws(RuntimeFault) -> String {
    switch Self.runtime(of: plan) {
    case .auto, .onnxruntime: try OnnxRuntimeLibrary.open().version
    case .openvino: try OpenVinoLibrary.open().version
    case .trees, .forest, .identity, .repeating, .square, .iterativeSequence, .python:
      Version.text
    }
  }

  private static func directory(_ settings: ServeSettings) -> String? {
    Environment.directory(settings.cacheDirectory, variable: "XDG_CACHE_HOME", inHome: ".cache")
  }
}
