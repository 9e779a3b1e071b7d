/// Everything the front answers.
enum Endpoint: Sendable {
  case serverMetadata, serverLive, serverReady
  case modelList, modelMetadata, modelReady, infer
  case detect, classify
  case repositoryIndex
  case metrics
  /// `/healthz`, `/livez`: the process runs. `/readyz`: it would answer.
  case plainLive, plainReady
  /// The page and what it needs.
  case page

  /// The method that does it, beside `HEAD` for `GET` and `OPTIONS` for all.
  var isPost: Bool {
    switch self {
    case .infer, .detect, .classify, .repositoryIndex: true
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelReady,
      .metrics, .plainLive, .plainReady, .page:
      false
    }
  }

  /// As the `Allow` header lists them.
  var methods: [String] { isPost ? ["POST", "OPTIONS"] : ["GET", "HEAD", "OPTIONS"] }

  /// Whether the port for metrics answers it, too.
  var isOnMetricsPort: Bool {
    switch self {
    case .metrics, .plainLive, .plainReady, .serverLive, .serverReady: true
    default: false
    }
  }
}
