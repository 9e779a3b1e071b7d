import Inference
import NIOHTTP1
import WireFormats

/// Everything the front answers.
enum Endpoint: Sendable, CaseIterable {
  case serverMetadata, serverLive, serverReady
  case modelList, modelMetadata, modelConfig, modelReady, infer
  /// Triton's generate extension.
  case generate, generateStream
  case detect, classify
  /// One more way of asking a model.
  case modelMethod
  case modelStatistics, allStatistics
  case repositoryIndex, modelLoad, modelUnload, modelAliases
  case systemMemoryStatus, systemMemoryRegister, systemMemoryUnregister
  case cudaMemoryStatus, cudaMemoryRegister, cudaMemoryUnregister
  /// Read and changed under one address.
  case traceSettings, logSettings
  case metrics
  /// `/healthz`, `/livez`: the process runs. `/readyz`: it would answer.
  case plainLive, plainReady
  /// The page, the one to try addresses, and what they need.
  case page
  /// All of these addresses, for programs.
  case description
  /// `/v1/models...`, of KServe V1 and of TensorFlow Serving.
  case v1ModelList, v1ModelStatus, v1Metadata, v1Predict, v1Explain, v1Classify, v1Regress
  /// `/invocations` and `/ping`, of MLflow and of SageMaker; `/version`, of MLflow.
  case invocations, ping, programVersion
  /// `/predict`, as BentoML and LitServe have it.
  case predict
  /// What Vertex AI calls a container's predict route.
  case vertexPredict
  /// `/models...`, of TorchServe's management and of SageMaker's containers with many models.
  case modelRegister, modelEntry, modelDefault, modelInvoke
  /// `/predictions/{m}` and `/explanations/{m}`, of TorchServe.
  case predictions, explanations

  /// As the `Allow` header lists them.
  var methods: [String] {
    switch self {
    case .infer, .generate, .generateStream, .detect, .classify, .repositoryIndex, .modelLoad,
      .modelUnload, .modelAliases, .systemMemoryRegister, .systemMemoryUnregister,
      .cudaMemoryRegister, .cudaMemoryUnregister, .v1Predict, .v1Explain, .v1Classify, .v1Regress,
      .invocations, .predict, .vertexPredict, .modelInvoke, .explanations, .modelMethod:
      ["POST", "OPTIONS"]
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelConfig,
      .modelReady, .modelStatistics, .allStatistics, .metrics, .plainLive, .plainReady, .page,
      .description,
      .systemMemoryStatus, .cudaMemoryStatus, .v1ModelList, .v1ModelStatus, .v1Metadata, .ping,
      .programVersion:
      ["GET", "HEAD", "OPTIONS"]
    case .traceSettings, .logSettings, .modelRegister: ["GET", "HEAD", "POST", "OPTIONS"]
    // `curl -T` uploads with PUT.
    case .predictions: ["POST", "PUT", "OPTIONS"]
    case .modelEntry: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]
    case .modelDefault: ["PUT", "OPTIONS"]
    }
  }

  /// Whether that method of it changes what is served, or shows how, which not everybody may.
  func isManagement(_ method: HTTPMethod) -> Bool {
    switch self {
    case .modelLoad, .modelUnload, .modelAliases, .systemMemoryStatus, .systemMemoryRegister,
      .systemMemoryUnregister, .cudaMemoryStatus, .cudaMemoryRegister, .cudaMemoryUnregister,
      .traceSettings, .logSettings, .modelDefault:
      true
    case .modelRegister, .modelEntry: method != .GET && method != .HEAD
    default: false
    }
  }

  /// The dialect in which its failures are answered, unless the client says which it speaks.
  var dialect: Dialect? {
    switch self {
    case .v1ModelList, .v1ModelStatus, .v1Predict, .v1Explain: .kserve
    case .v1Metadata, .v1Classify, .v1Regress: .tensorFlow
    case .invocations: .mlflow
    case .predict: .predict
    case .vertexPredict: .vertex
    case .modelInvoke: .sageMaker
    case .modelRegister, .modelEntry, .modelDefault, .predictions, .explanations: .torchServe
    case .detect, .classify: .vision
    default: nil
    }
  }

  /// Whether the port for metrics answers it, too.
  var isOnMetricsPort: Bool {
    switch self {
    case .metrics, .plainLive, .plainReady, .serverLive, .serverReady, .ping: true
    default: false
    }
  }

  /// What it can be restricted with; `nil` for what is for everybody, or has a guard of its own.
  var group: EndpointGroup? {
    switch self {
    case .serverLive, .serverReady, .modelReady, .plainLive, .plainReady, .ping: .health
    case .serverMetadata, .modelList, .modelMetadata, .v1ModelList, .v1ModelStatus, .v1Metadata,
      .programVersion, .description:
      .metadata
    case .infer, .generate, .generateStream, .detect, .classify, .v1Predict, .v1Explain,
      .v1Classify, .v1Regress, .invocations, .predict, .vertexPredict, .modelInvoke, .predictions,
      .explanations, .modelMethod:
      .inference
    case .modelConfig: .modelConfig
    case .modelStatistics, .allStatistics: .statistics
    case .repositoryIndex, .modelLoad, .modelUnload, .modelAliases, .modelRegister, .modelEntry,
      .modelDefault:
      .modelRepository
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister:
      .sharedMemory
    case .traceSettings: .trace
    case .logSettings: .logging
    case .metrics, .page: nil
    }
  }
}
