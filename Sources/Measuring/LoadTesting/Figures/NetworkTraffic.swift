import WireFormats

/// Bytes that travelled over sockets, as the network has them: heads, frames and TLS included.
package struct NetworkTraffic: Sendable, Equatable {
  package private(set) var sent: Int
  package private(set) var received: Int

  init(sent: Int = 0, received: Int = 0) {
    self.sent = sent
    self.received = received
  }

  static func + (left: NetworkTraffic, right: NetworkTraffic) -> NetworkTraffic {
    NetworkTraffic(sent: left.sent + right.sent, received: left.received + right.received)
  }

  /// What was added since an earlier count.
  func since(_ earlier: NetworkTraffic) -> NetworkTraffic {
    NetworkTraffic(sent: sent - earlier.sent, received: received - earlier.received)
  }

  func json(seconds: Double) -> JSONValue {
    func rate(_ count: Int) -> JSONValue { .number(seconds > 0 ? Double(count) / seconds : 0) }
    return .object([
      .init("sent", .integer(Int64(sent))), .init("received", .integer(Int64(received))),
      .init("sent_per_s", rate(sent)), .init("received_per_s", rate(received)),
    ])
  }
}
