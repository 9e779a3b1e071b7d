import Batching
import Imaging
import Inference
import Settings
import Vision

/// Everything that configurations say of a model, whichever dialect they are written in; what none
/// of them says is what the server's settings say.
struct ModelConfiguration {
  /// Which version folders are served.
  enum Versions: Sendable, Equatable {
    /// The highest, this many.
    case latest(Int)
    case all
    case chosen([Int64])
  }

  /// The file that is named where a model's configuration is to be changed.
  var path: String
  var name: String?
  /// A file or directory in the version's directory.
  var file: String?
  /// Names that the file may have where none is given, the most wanted first; others may do, too.
  var usualFiles: [String] = []
  var runtime: ModelPlan.RuntimeKind
  /// `nil` is the highest, for the dialect that says nothing of it.
  var versions = Versions.latest(1)
  /// The number of a model without version folders.
  var version: Int64 = 1
  var aliases: [String: Int64] = [:]
  var task: String?
  var labels: [String] = []
  var instanceCount: Int?
  var waitingRequestsMax: Int?
  var options: RuntimeOptions
  var vision: VisionOptions
  var scheduling = SchedulingPolicy()
  var declared: DeclaredSignature?
  var warmUps: [WarmUp] = []
  var backendParameters: [String: String] = [:]
  var worker = WorkerOptions()
  var python = PythonOptions()
  /// The model is its directory as a whole, whatever files lie in it.
  var isWholeFolder = false
  var graph: GraphDescription?
  var notes = ConfigurationNotes()
  /// What a Triton configuration said, for whoever asks for the configuration.
  var written: ConfigurationGroup?
  let machine: MachineLimits
  /// Names that `--host-policy` knows.
  private let hostPolicies: Set<String>
  /// The server has runs wait for what `rate_limiter` claims.
  private let isRateLimited: Bool

  /// What the server's settings say, for a model without a file of its own.
  init(path: String, settings: ServeSettings) {
    self.path = path
    self.machine = settings.machine
    self.hostPolicies = Set(settings.hostPolicies.map(\.name))
    self.isRateLimited = settings.isRateLimited
    runtime = ModelPlan.RuntimeKind(rawValue: settings.runtime.rawValue) ?? .auto
    options = RuntimeOptions(
      threadCount: settings.runtimeThreads, precision: settings.precision)
    vision = VisionOptions()
    vision.resize = ResizeFilter(rawValue: settings.resize.rawValue) ?? .pillow
    vision.isScaledDecoding = settings.isScaledDecoding
  }

  /// Whether there is no model file to look for: a graph, or a backend without files.
  var needsNoFile: Bool { graph != nil || runtime.needsNoFile }

  /// Whether a directory may be the model though nothing in it is known to be one.
  var takesFolders: Bool { runtime == .python }

  /// Why answers are not kept though that may have been asked for.
  var unkeptReason: String? {
    if graph != nil {
      return "answers of a graph are not kept, because its models may be replaced; "
        + "say it of the models that it asks"
    }
    if scheduling.isDecoupled { return "answers that come in parts are not kept" }
    return scheduling.sequences == nil
      ? nil : "answers within a sequence depend on what came before, and are not kept"
  }

  /// Why what its runs occupy is of no account; `nil` where it is.
  var unlimitedReason: String? {
    isRateLimited
      ? nil : "it is not obeyed: the server runs without --rate-limit execution_count"
  }

  /// Why the policy of that name does not place all threads of its runs; `nil` where it does.
  func unpinnedReason(_ policy: String) -> String? {
    if !hostPolicies.contains(policy) {
      return "no --host-policy of the server is called \(policy); the system places the threads"
    }
    guard options.threadCount > 1 else { return nil }
    return "only the thread that calls the runtime is pinned, not the \(options.threadCount - 1) "
      + "that help it"
  }

  /// Throws the first thing that forbids to load the model, and says how many more there are.
  func checkStops() throws(ServerFault) {
    guard let first = notes.stops.first else { return }
    let more = notes.stops.count - 1
    throw .configurationInvalid(
      file: first.file,
      reason: more == 0
        ? first.sentence
        : "\(first.sentence) (and \(more) more; apus inspect --explain lists all)")
  }

  /// What Python computes, nothing else does, whatever was said of models in general. Blocks.
  private func runtime(of source: ModelSource) -> ModelPlan.RuntimeKind {
    guard case .file(let path) = source, graph == nil, !runtime.needsNoFile else { return runtime }
    return PythonFormat.isModel(at: path) ? .python : runtime
  }

  /// A plan for one version, with everything that was said. Blocks on its files.
  func plan(name: String, version: Int64, source: ModelSource) -> ModelPlan {
    var plan = ModelPlan(
      name: name, version: version, source: source, runtime: runtime(of: source), options: options,
      vision: vision)
    plan.instanceCount = instanceCount
    plan.waitingRequestsMax = waitingRequestsMax
    plan.scheduling = scheduling
    plan.labels = labels
    plan.task = task
    plan.declared = declared
    plan.warmUps = warmUps
    plan.backendParameters = backendParameters
    plan.worker = worker
    plan.python = python
    plan.graph = graph
    plan.aliases = aliases.filter { $0.value == version }.map(\.key).sorted()
    plan.notes = notes
    plan.versions = versions
    plan.written = written
    return plan
  }
}
