import FrontSupport
import Inference
import NIOCore

/// Answers `/metrics`; the text is made by a worker, as it may be long.
final class MetricsAnswer: Exchange {
  private var connection: HTTPConnection?

  static func begin(on connection: HTTPConnection, _ shared: FrontShared) {
    let exchange = MetricsAnswer(connection)
    connection.hand(to: exchange)
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(exchange, eventLoop: loop)
    shared.workers.run { [metrics = shared.metrics] in
      let text = metrics.metricsText()
      loop.execute { bound.value.finish(text) }
    }
  }

  private init(_ connection: HTTPConnection) { self.connection = connection }

  private func finish(_ text: [UInt8]) {
    connection?.answer(
      Answer(status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8", bytes: text))
    connection = nil
  }

  func receive(_ part: ByteBuffer) {}
  func end() {}
  func abandon() { connection = nil }
}
