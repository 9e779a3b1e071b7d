/// A call on its way.
///
///     asked ──> headers came (`status`) ──> ended, and forgotten
struct GRPCCall {
  let ticket: Int
  let sample: Int
  /// Bytes that the server still takes of this call; below 0 where it has changed its mind.
  var window: Int
  /// Bytes of the message that were sent.
  var sentCount = 0
  /// Bytes that came and were not yet given back to the server's window.
  var unreturnedCount = 0
  /// HTTP's; `nil` until the headers came.
  var status: Int?
  var message: MessageReader

  /// Why it has no answer, after its last frame; `nil` where it has one.
  func problem(_ fields: ResponseFields?) -> CallProblem? {
    if let number = fields?.grpcStatus {
      if number != 0 { return GRPCProblems.status(number, message: fields?.grpcMessage ?? "") }
      return message.problemAtEnd.map(GRPCProblems.notGRPC)
    }
    if let status, status != 200 { return GRPCProblems.http(status) }
    return GRPCProblems.notGRPC("an answer ends without grpc-status")
  }
}

/// What the server of a connection allows, as it said last.
struct GRPCPeer {
  /// Calls at a time; `nil` until it has said anything.
  var callsMax: Int?
  /// Bytes that it still takes over the whole connection, and of a call at its beginning.
  var window = HTTP2Frame.usualWindow
  var callWindow = HTTP2Frame.usualWindow
  var payloadByteCountMax = HTTP2Frame.usualPayloadByteCountMax
  var table = RequestFields.Table()
}
