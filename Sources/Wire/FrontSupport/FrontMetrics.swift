package import Inference

/// Writes the metrics in Prometheus text. Called on a worker thread.
package protocol FrontMetrics: Sendable {
  func metricsText() -> [UInt8]
  /// Of one name or of all, of one version of it or of all.
  func statistics(name: String?, version: Int64?) -> [ModelStatistics]
}
