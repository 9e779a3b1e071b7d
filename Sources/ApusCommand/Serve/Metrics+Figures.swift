import FrontSupport
import GRPCFront
import HTTPFront
import Inference
import Monitoring
import Serving

/// Shows the front where the metrics are.
struct MetricsOfHouse: FrontMetrics {
  private let metrics: Metrics

  init(_ metrics: Metrics) { self.metrics = metrics }

  func metricsText() -> [UInt8] { metrics.metricsText() }

  func statistics(name: String?, version: Int64?) -> [ModelStatistics] {
    metrics.statistics(name: name, version: version)
  }
}

extension Metrics {
  /// Reads the figures that other rooms keep whenever the page is read.
  ///
  /// The rooms are held weakly: they report to these metrics, which must not keep them alive.
  func watch(door: InferenceServer, front: HTTPServer, grpc: GRPCServer?, log: ServerLog) {
    register(.ready) { [weak door] in door?.isReady == true ? 1 : 0 }
    register(.waitingBytes) { [weak door] in door?.waitingByteCount ?? 0 }
    register(.responseCacheEntries) { [weak door] in door?.responseCacheFigures.entryCount ?? 0 }
    register(.responseCacheBytes) { [weak door] in door?.responseCacheFigures.byteCount ?? 0 }
    register(.responseCacheEvictions) { [weak door] in
      door?.responseCacheFigures.evictedCount ?? 0
    }
    register(.responseCacheSkipped) { [weak door] in
      door?.responseCacheFigures.skippedCount ?? 0
    }
    register(.abandonedModelThreads) { [weak door] in door?.abandonedThreadCount ?? 0 }
    register(.httpConnections) { [weak front] in front?.connectionCounts.open ?? 0 }
    register(.httpConnectionsRefused) { [weak front] in front?.connectionCounts.refused ?? 0 }
    if grpc != nil {
      register(.grpcConnections) { [weak grpc] in grpc?.connectionCounts.open ?? 0 }
      register(.grpcConnectionsRefused) { [weak grpc] in grpc?.connectionCounts.refused ?? 0 }
    }
    register(.logLinesDropped) { [weak log] in log?.lostLineCount ?? 0 }
    registerModels { [weak door] in
      (door?.statuses ?? []).map { status in
        ModelFigures(
          name: status.name, version: status.version, isReady: status.state == .ready,
          instanceCount: status.instanceCount, memoryByteCount: status.footprintByteCount,
          queueDepth: status.queueDepth, keepsAnswers: status.keepsAnswers)
      }
    }
  }
}
