package import Transport

/// One method of a server over gRPC, asked with messages made before.
package struct GRPCTarget: SocketTarget {
  package let place: ServerPlace
  private let requests: GRPCRequests
  private let connectionsMax: Int

  /// Of a server, at most.
  package static let connectionsLimit = 1_024

  /// - Parameters:
  ///   - security: with `h2` as its protocol, for an address that is encrypted.
  ///   - path: `/SERVICE/METHOD`.
  ///   - messages: one or more, each of less than 4 GiB.
  ///   - connections: over how many connections calls are spread.
  package init(
    _ address: GRPCAddress, security: TLSClientContext?, path: String, messages: [[UInt8]],
    connections: Int
  ) {
    precondition(!messages.isEmpty, "no messages to send")
    place = ServerPlace(host: address.host, port: address.port, security: security)
    requests = GRPCRequests(
      path: path, authority: address.authority, isEncrypted: security != nil, messages: messages)
    connectionsMax = connections
  }

  package var sampleCount: Int { requests.messages.count }

  package func connectionCount(forCalls callCount: Int) -> Int { min(callCount, connectionsMax) }

  package func makeConnection(answers: (any AnswerKeeper)?) -> GRPCConnection {
    GRPCConnection(requests, answers: answers)
  }
}
