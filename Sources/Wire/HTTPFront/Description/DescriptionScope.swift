import Inference
import NIOHTTP1
import WireFormats

/// What is open to whoever asks for the description, and which models there are.
struct DescriptionScope: Sendable {
  enum Management: Sendable {
    /// To this client, as it asks.
    case open
    /// With `Authorization: Bearer`.
    case withKey
    case closed
  }

  /// Models that are named and looked at; of more, the description is of models in general.
  static let modelCountMax = 100
  /// Models with an example at each address.
  static let exampleCountMax = 8

  let settings: HTTPFrontSettings
  var management = Management.closed
  /// Models are loaded and unloaded by request.
  var isControlledByRequests = false
  var hasClientMemory = false
  var hasTracing = false
  var hasLogging = false
  /// What the port that was asked is for.
  var profile: Dialect?
  /// All names, also of models that are not in memory now.
  var modelNames: [String] = []
  /// Those that are ready, at most `modelCountMax`.
  var models: [DescribedModel] = []
  /// The one that alone is described.
  var selected: DescribedModel?
  /// Where an address names none.
  var defaultModel: DescribedModel?

  /// Models that have examples.
  var shown: [DescribedModel] {
    selected.map { [$0] } ?? Array(models.prefix(Self.exampleCountMax))
  }

  /// Whether some model may be asked that; where not all are known, some may.
  func mayHave(_ isAsked: (DescribedModel) -> Bool) -> Bool {
    if let selected { return isAsked(selected) }
    return models.count < modelNames.count || models.contains(where: isAsked)
  }

  /// Whether that method of an endpoint answers with anything but a refusal.
  func isOpen(_ endpoint: Endpoint, _ method: String) -> Bool {
    if endpoint.isManagement(HTTPMethod(rawValue: method)), management == .closed { return false }
    switch endpoint {
    case .detect: return mayHave { $0.task == .detect }
    case .classify: return mayHave { $0.task == .classify }
    case .v1Classify: return mayHave { $0.mayBeAsked(to: .classify) }
    case .v1Regress: return mayHave { $0.mayBeAsked(to: .regress) }
    case .infer, .generate, .v1Predict, .predictions, .modelInvoke:
      return mayHave { !$0.isDecoupled }
    case .invocations, .predict: return defaultModel?.isDecoupled == false
    case .vertexPredict: return settings.vertex != nil && defaultModel?.isDecoupled == false
    case .modelMethod: return mayHave { !$0.signature.methods.isEmpty }
    case .modelLoad, .modelUnload: return isControlledByRequests
    case .modelRegister: return method != "POST" || isControlledByRequests
    case .modelEntry: return method != "DELETE" || isControlledByRequests
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister:
      return hasClientMemory
    case .traceSettings: return hasTracing
    case .logSettings: return hasLogging
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelConfig,
      .modelReady, .generateStream, .modelStatistics, .allStatistics, .repositoryIndex,
      .modelAliases, .cudaMemoryStatus, .cudaMemoryRegister, .cudaMemoryUnregister, .metrics,
      .plainLive, .plainReady, .page, .description, .v1ModelList, .v1ModelStatus, .v1Metadata,
      .v1Explain, .ping, .programVersion, .modelDefault, .explanations:
      return true
    }
  }

  /// Dialects in which an endpoint may answer a client that does not say which it speaks.
  func dialects(of endpoint: Endpoint) -> [Dialect] {
    guard let own = endpoint.dialect else { return [.openInference] }
    if own == .vision { return [.vision] }
    if let profile { return [profile] }
    switch endpoint {
    case .v1ModelStatus, .v1Predict: return [.kserve, .tensorFlow]
    case .invocations: return [.mlflow, .sageMaker]
    case .modelRegister: return [.torchServe, .sageMaker]
    default: return [own]
    }
  }
}
