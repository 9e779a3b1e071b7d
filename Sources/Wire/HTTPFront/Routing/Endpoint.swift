/// Everything the front answers.
enum Endpoint: Sendable, CaseIterable {
  case serverMetadata, serverLive, serverReady
  case modelList, modelMetadata, modelReady, infer
  /// Triton's generate extension.
  case generate, generateStream
  case detect, classify
  case modelStatistics, allStatistics
  case repositoryIndex, modelLoad, modelUnload, modelAliases
  case metrics
  /// `/healthz`, `/livez`: the process runs. `/readyz`: it would answer.
  case plainLive, plainReady
  /// The page and what it needs.
  case page

  /// The method that does it, beside `HEAD` for `GET` and `OPTIONS` for all.
  var isPost: Bool {
    switch self {
    case .infer, .generate, .generateStream, .detect, .classify, .repositoryIndex, .modelLoad,
      .modelUnload, .modelAliases:
      true
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelReady,
      .modelStatistics, .allStatistics, .metrics, .plainLive, .plainReady, .page:
      false
    }
  }

  /// As the `Allow` header lists them.
  var methods: [String] { isPost ? ["POST", "OPTIONS"] : ["GET", "HEAD", "OPTIONS"] }

  /// Whether it changes what is served, which not everybody may.
  var isManagement: Bool {
    switch self {
    case .modelLoad, .modelUnload, .modelAliases: true
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
}
