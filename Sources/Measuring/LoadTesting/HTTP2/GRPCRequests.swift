/// One method of a server and the messages it is asked with; made once, shared by all connections.
struct GRPCRequests: Sendable {
  /// Each behind its five bytes, as it travels.
  let messages: [[UInt8]]
  let fields: RequestFields

  /// - Parameters:
  ///   - path: `/SERVICE/METHOD`.
  ///   - messages: each of less than 4 GiB.
  init(path: String, authority: String, isEncrypted: Bool, messages: [[UInt8]]) {
    fields = RequestFields(path: path, authority: authority, isEncrypted: isEncrypted)
    self.messages = messages.map { [0] + HTTP2Frame.bytes(of: UInt32($0.count)) + $0 }
  }
}
