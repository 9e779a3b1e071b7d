/// Figures that other rooms keep and the metrics page asks for when it is read.
package enum Figure: Sendable, Hashable, CaseIterable {
  /// 1 or 0.
  case ready
  case waitingBytes
  case httpConnections
  case httpConnectionsRefused
  case grpcConnections
  case grpcConnectionsRefused
  case abandonedModelThreads
  case logLinesDropped
  case responseCacheEntries
  case responseCacheBytes
  case responseCacheEvictions
  case responseCacheSkipped

  var metric: MetricName {
    switch self {
    case .ready: .ready
    case .waitingBytes: .waitingBytes
    case .httpConnections: .httpConnections
    case .httpConnectionsRefused: .httpConnectionsRefused
    case .grpcConnections: .grpcConnections
    case .grpcConnectionsRefused: .grpcConnectionsRefused
    case .abandonedModelThreads: .abandonedModelThreads
    case .logLinesDropped: .logLinesDropped
    case .responseCacheEntries: .responseCacheEntries
    case .responseCacheBytes: .responseCacheBytes
    case .responseCacheEvictions: .responseCacheEvictions
    case .responseCacheSkipped: .responseCacheSkipped
    }
  }
}

/// A model version's figures at one moment.
package struct ModelFigures: Sendable {
  package let name: String
  package let version: Int64
  package let isReady: Bool
  package let instanceCount: Int
  package let memoryByteCount: Int
  package let queueDepth: Int
  /// Answers of equal requests are kept.
  package let keepsAnswers: Bool

  package init(
    name: String, version: Int64, isReady: Bool, instanceCount: Int, memoryByteCount: Int,
    queueDepth: Int, keepsAnswers: Bool = false
  ) {
    self.name = name
    self.version = version
    self.isReady = isReady
    self.instanceCount = instanceCount
    self.memoryByteCount = memoryByteCount
    self.queueDepth = queueDepth
    self.keepsAnswers = keepsAnswers
  }
}
