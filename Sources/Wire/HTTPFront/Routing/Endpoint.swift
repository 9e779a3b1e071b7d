import WireFormats

/// Everything the front answers.
enum Endpoint: Sendable, CaseIterable {
  case serverMetadata, serverLive, serverReady
  case modelList, modelMetadata, modelConfig, modelReady, infer
  /// Triton's generate extension.
  case generate, generateStream
  case detect, classify
  case modelStatistics, allStatistics
  case repositoryIndex, modelLoad, modelUnload, modelAliases
  case systemMemoryStatus, systemMemoryRegister, systemMemoryUnregister
  case cudaMemoryStatus, cudaMemoryRegister, cudaMemoryUnregister
  /// Read and changed under one address.
  case traceSettings, logSettings
  case metrics
  /// `/healthz`, `/livez`: the process runs. `/readyz`: it would answer.
  case plainLive, plainReady
  /// The page and what it needs.
  case page

  /// The method that does it, beside `HEAD` for `GET` and `OPTIONS` for all.
  var isPost: Bool {
    switch self {
    case .infer, .generate, .generateStream, .detect, .classify, .repositoryIndex, .modelLoad,
      .modelUnload, .modelAliases, .systemMemoryRegister, .systemMemoryUnregister,
      .cudaMemoryRegister, .cudaMemoryUnregister:
      true
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelConfig,
      .modelReady, .modelStatistics, .allStatistics, .metrics, .plainLive, .plainReady, .page,
      .systemMemoryStatus, .cudaMemoryStatus, .traceSettings, .logSettings:
      false
    }
  }

  /// Whether `POST` changes what `GET` shows.
  var isChangeable: Bool { self == .traceSettings || self == .logSettings }

  /// As the `Allow` header lists them.
  var methods: [String] {
    if isPost { return ["POST", "OPTIONS"] }
    return ["GET", "HEAD"] + (isChangeable ? ["POST"] : []) + ["OPTIONS"]
  }

  /// Whether it changes what is served, which not everybody may.
  var isManagement: Bool {
    switch self {
    case .modelLoad, .modelUnload, .modelAliases, .systemMemoryStatus, .systemMemoryRegister,
      .systemMemoryUnregister, .cudaMemoryStatus, .cudaMemoryRegister, .cudaMemoryUnregister,
      .traceSettings, .logSettings:
      true
    default: false
    }
  }

  /// Whether the port for metrics answers it, too.
  var isOnMetricsPort: Bool {
    switch self {
    case .metrics, .plainLive, .plainReady, .serverLive, .serverReady: true
    default: false
    }
  }

  /// What it can be restricted with; `nil` for what is for everybody, or has a guard of its own.
  var group: EndpointGroup? {
    switch self {
    case .serverLive, .serverReady, .modelReady, .plainLive, .plainReady: .health
    case .serverMetadata, .modelList, .modelMetadata: .metadata
    case .infer, .generate, .generateStream, .detect, .classify: .inference
    case .modelConfig: .modelConfig
    case .modelStatistics, .allStatistics: .statistics
    case .repositoryIndex, .modelLoad, .modelUnload, .modelAliases: .modelRepository
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister:
      .sharedMemory
    case .traceSettings: .trace
    case .logSettings: .logging
    case .metrics, .page: nil
    }
  }
}
