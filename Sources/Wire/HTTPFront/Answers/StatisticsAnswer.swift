import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// Answers `/v2/models/stats` and the same of one model; the document is made by a worker, as there
/// may be a thousand models.
final class StatisticsAnswer: Exchange {
  private var connection: HTTPConnection?

  static func begin(on connection: HTTPConnection, route: Route, _ shared: FrontShared) {
    let name = route.endpoint == .allStatistics ? nil : route.address.name
    var version: Int64?
    do throws(InferenceFailure) {
      version = try Self.version(of: route, connection, shared)
    } catch {
      connection.refuse(error)
      return
    }
    let exchange = StatisticsAnswer(connection)
    connection.hand(to: exchange)
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(exchange, eventLoop: loop)
    shared.workers.run { [metrics = shared.metrics, door = shared.door, version] in
      var statistics = metrics.statistics(name: name, version: version)
      let statuses = name.map { door.statuses(named: $0) } ?? door.statuses
      for place in statistics.indices {
        let found = statistics[place]
        statistics[place].batching =
          statuses.first { $0.name == found.name && $0.version == found.version }?.batching
      }
      let document = OpenInferenceDocuments.statistics(statistics)
      loop.execute { bound.value.finish(document) }
    }
  }

  /// The version that is named, by number or alias; `nil` means all of them.
  private static func version(
    of route: Route, _ connection: HTTPConnection, _ shared: FrontShared
  ) throws(InferenceFailure) -> Int64? {
    guard route.endpoint == .modelStatistics else { return nil }
    let statuses = shared.door.statuses(named: route.address.name)
    switch route.address.version {
    case .any:
      if statuses.isEmpty { _ = try connection.front.entrance.lease(route.address) }
      return nil
    case .number(let number):
      if !statuses.contains(where: { $0.version == number }) {
        _ = try connection.front.entrance.lease(route.address)
      }
      return number
    case .alias(let alias):
      guard let status = statuses.first(where: { $0.aliases.contains(alias) }) else {
        throw .modelNotFound(route.address, known: statuses.flatMap(\.aliases))
      }
      return status.version
    }
  }

  private init(_ connection: HTTPConnection) { self.connection = connection }

  private func finish(_ document: [UInt8]) {
    connection?.answer(Answer(status: 200, contentType: Answer.json, bytes: document))
    connection = nil
  }

  func receive(_ part: ByteBuffer) {}
  func end() {}
  func abandon() { connection = nil }
}
