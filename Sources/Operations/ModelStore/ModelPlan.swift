package import Batching
package import Inference
package import Vision

/// One version of a model that is to be served, with everything that its operator said about it.
///
/// Plain values: nothing is loaded yet.
package struct ModelPlan: Sendable {
  package let name: String
  /// 1 or more.
  package let version: Int64
  package let source: ModelSource
  /// Which runtime its operator wants for it.
  package internal(set) var runtime: RuntimeKind
  package var options: RuntimeOptions
  /// `nil` takes what fits the cores.
  package var instanceCount: Int?
  /// `nil` takes the server's setting.
  package var waitingRequestsMax: Int?
  /// When and where its requests run.
  package var scheduling: SchedulingPolicy
  /// Class names by index; empty where the model's own metadata is to say.
  package var labels: [String]
  /// `detect`, `classify` or `none`; `nil` where the model's own metadata is to say.
  package var task: String?
  package var vision: VisionOptions
  /// Inputs, outputs and rows as the operator wrote them; the model must agree.
  package var declared: DeclaredSignature?
  /// Requests that are answered before the model counts as ready.
  package var warmUps: [WarmUp]
  /// What the operator says to the backend itself, key to value.
  package var backendParameters: [String: String]
  /// How its worker processes are kept in line, where it has some.
  package var worker: WorkerOptions
  /// What Python is told of it, where that computes it.
  package var python: PythonOptions
  /// The steps, where the model is made of others; `source` is then its directory.
  package var graph: GraphDescription?
  /// Names of this version beside its number: `stable`.
  package var aliases: [String]
  /// What was read where, and what is not obeyed.
  package var notes: ConfigurationNotes
  /// Which versions of its directory are served.
  var versions: ModelConfiguration.Versions
  /// What a Triton configuration said, key by key; `nil` where there is none.
  var written: ConfigurationGroup?

  /// What was asked for and is not done, a sentence each, with its file and line.
  package var warnings: [String] {
    notes.warnings.map { "\($0.file): \($0.sentence)" }
  }

  /// The runtimes that this program has, by their names in `model.yaml`.
  package enum RuntimeKind: String, Sendable, CaseIterable {
    /// Trees for files of trees; ONNX Runtime for other ONNX at f32, OpenVINO for every other precision
    /// and format.
    case auto
    case onnxruntime
    case openvino
    /// XGBoost, LightGBM, CatBoost, and ONNX of trees.
    case trees
    /// The same with the names and parameters of Triton's backend for forests.
    case forest = "fil"
    /// Any model that Python computes, in worker processes.
    case python
    /// Triton's `identity` backend: no file, outputs are inputs.
    case identity
    /// Triton's decoupled examples.
    case repeating = "repeat"
    case square
    /// Triton's example of a request that runs again until it is finished.
    case iterativeSequence = "iterative_sequence"

    /// Whether it is all configuration, and its version folders may be empty.
    package var needsNoFile: Bool {
      switch self {
      case .auto, .onnxruntime, .openvino, .trees, .forest, .python: false
      case .identity, .repeating, .square, .iterativeSequence: true
      }
    }
  }

  /// The runtime that loads it; never `auto`. Whether an ONNX file holds trees, only its contents tell,
  /// which are not looked at here.
  package var chosenRuntime: RuntimeKind {
    guard runtime == .auto else { return runtime }
    if case .file(let path) = source, ServedFormat.isTabular(path) { return .trees }
    return isONNX && options.precision == .f32 ? .onnxruntime : .openvino
  }

  package init(
    name: String, version: Int64, source: ModelSource, runtime: RuntimeKind = .auto,
    options: RuntimeOptions = RuntimeOptions(), vision: VisionOptions = VisionOptions()
  ) {
    self.name = name
    self.version = version
    self.source = source
    self.runtime = runtime
    self.options = options
    self.scheduling = SchedulingPolicy()
    self.labels = []
    self.vision = vision
    self.warmUps = []
    self.backendParameters = [:]
    self.worker = WorkerOptions()
    self.python = PythonOptions()
    self.aliases = []
    self.notes = ConfigurationNotes()
    self.versions = .latest(1)
  }
}
