// What calls send, within the server's windows.

extension GRPCConnection {
  /// Begins a call, and sends as much of its message as may go.
  mutating func send(_ call: GRPCCall, _ stream: UInt32, _ outgoing: inout OutgoingBytes) {
    let message = requests.messages[call.sample]
    let block = requests.fields.next(&peer.table)
    let most = min(peer.window, call.window, peer.payloadByteCountMax)
    var call = call
    guard message.count <= most else {
      outgoing.append(Self.heads(stream, block: block, messageByteCount: nil))
      calls[stream] = call
      if !sendRest(of: stream, &outgoing) { waiting.append(stream) }
      return
    }
    outgoing.append(Self.heads(stream, block: block, messageByteCount: message.count))
    outgoing.append(message)
    call.sentCount = message.count
    call.window -= message.count
    peer.window -= message.count
    calls[stream] = call
  }

  /// The frame of the headers and, where the message follows whole, the head of its frame.
  private static func heads(_ stream: UInt32, block: [UInt8], messageByteCount: Int?) -> [UInt8] {
    let byteCount = HTTP2Frame.headByteCount * (messageByteCount == nil ? 1 : 2) + block.count
    return [UInt8](unsafeUninitializedCapacity: byteCount) { memory, count in
      HTTP2Frame.Head(
        byteCount: block.count, kind: HTTP2Frame.Kind.headers, flags: HTTP2Frame.Flag.endHeaders,
        stream: stream
      ).write(to: memory, at: 0)
      for (place, byte) in block.enumerated() { memory[HTTP2Frame.headByteCount + place] = byte }
      if let messageByteCount {
        dataHead(stream, messageByteCount, isEnd: true)
          .write(to: memory, at: HTTP2Frame.headByteCount + block.count)
      }
      count = byteCount
    }
  }

  private static func dataHead(
    _ stream: UInt32, _ byteCount: Int, isEnd: Bool
  ) -> HTTP2Frame.Head {
    HTTP2Frame.Head(
      byteCount: byteCount, kind: HTTP2Frame.Kind.data,
      flags: isEnd ? HTTP2Frame.Flag.endStream : 0, stream: stream)
  }

  /// Sends what is missing of a message as far as the windows go; true where that is all.
  private mutating func sendRest(of stream: UInt32, _ outgoing: inout OutgoingBytes) -> Bool {
    guard let place = calls.index(forKey: stream) else { return true }
    let message = requests.messages[calls.values[place].sample]
    while true {
      let sentCount = calls.values[place].sentCount
      let rest = message.count - sentCount
      let count = min(rest, peer.payloadByteCountMax, peer.window, calls.values[place].window)
      guard count > 0 else { return rest == 0 }
      let head = [UInt8](unsafeUninitializedCapacity: HTTP2Frame.headByteCount) { memory, written in
        Self.dataHead(stream, count, isEnd: count == rest).write(to: memory, at: 0)
        written = HTTP2Frame.headByteCount
      }
      outgoing.append(head)
      outgoing.append(message, sentCount..<sentCount + count)
      calls.values[place].sentCount += count
      calls.values[place].window -= count
      peer.window -= count
    }
  }

  /// The server takes more of every call.
  mutating func sendWaiting(_ outgoing: inout OutgoingBytes) {
    let streams = waiting
    waiting = []
    for stream in streams where !sendRest(of: stream, &outgoing) { waiting.append(stream) }
  }

  /// The server takes more of one call.
  mutating func sendWaiting(_ stream: UInt32, _ outgoing: inout OutgoingBytes) {
    guard let place = waiting.firstIndex(of: stream) else { return }
    if sendRest(of: stream, &outgoing) { waiting.remove(at: place) }
  }
}
