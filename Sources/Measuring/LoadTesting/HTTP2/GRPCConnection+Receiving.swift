// What the server's frames mean.

extension GRPCConnection {
  // MARK: Answers

  mutating func takeData(
    _ stream: UInt32, _ content: UnsafeRawBufferPointer, _ byteCount: Int, _ isEnd: Bool,
    _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    guard headers == nil, wasAsked(stream) else {
      return fail(.protocolError, "a part of an answer stands where none may", &outgoing, ended)
    }
    guard let place = calls.index(forKey: stream) else { return }
    guard let status = calls.values[place].status else {
      let problem = GRPCProblems.notGRPC("an answer begins without headers")
      return end(stream, problem, telling: .protocolError, &outgoing, ended)
    }
    // What a server says without gRPC is no message.
    if status == 200, let fact = calls.values[place].message.take(content) {
      return end(stream, GRPCProblems.notGRPC(fact), telling: .cancel, &outgoing, ended)
    }
    if isEnd { return finish(stream, nil, &outgoing, ended) }
    calls.values[place].unreturnedCount += byteCount
    guard calls.values[place].unreturnedCount >= Self.callWindow / 2 else { return }
    outgoing.append(
      HTTP2Frame.windowUpdate(stream: stream, calls.values[place].unreturnedCount))
    calls.values[place].unreturnedCount = 0
  }

  private mutating func takeHeaders(
    _ stream: UInt32, _ isEnd: Bool, _ block: UnsafeRawBufferPointer,
    _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    guard wasAsked(stream) else {
      return fail(.protocolError, "it answers a call that nobody made", &outgoing, ended)
    }
    guard let fields = ResponseFields(block) else {
      return fail(.compression, "headers cannot be read", &outgoing, ended)
    }
    guard let place = calls.index(forKey: stream) else { return }
    if calls.values[place].status != nil {
      guard isEnd else { return endMalformed(stream, &outgoing, ended) }
      return finish(stream, fields, &outgoing, ended)
    }
    guard let status = fields.status, status >= 200 || !isEnd else {
      return endMalformed(stream, &outgoing, ended)
    }
    // RFC 9110, 15.2: what comes before the answer proper.
    if status < 200 { return }
    calls.values[place].status = status
    if isEnd { finish(stream, fields, &outgoing, ended) }
  }

  private mutating func endMalformed(
    _ stream: UInt32, _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    let problem = GRPCProblems.notGRPC("an answer has headers that do not fit together")
    end(stream, problem, telling: .protocolError, &outgoing, ended)
  }

  // MARK: Frames

  mutating func take(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard (headers != nil) == (head.kind == HTTP2Frame.Kind.continuation) else {
      return fail(.protocolError, "headers are not together", &outgoing, ended)
    }
    switch head.kind {
    case HTTP2Frame.Kind.headers: beginHeaders(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.continuation: continueHeaders(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.reset: takeReset(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.settings: takeSettings(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.ping: takePing(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.goAway: takeGoAway(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.windowUpdate: takeWindow(head, payload, &outgoing, ended)
    case HTTP2Frame.Kind.pushPromise:
      fail(.protocolError, "it pushes, which nobody allowed", &outgoing, ended)
    // PRIORITY, and what later documents add.
    default: break
    }
  }

  private mutating func beginHeaders(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard let fragment = HeaderCollection.fragment(head, payload) else {
      return fail(.protocolError, "a frame has more padding than bytes", &outgoing, ended)
    }
    if head.has(HTTP2Frame.Flag.endHeaders) {
      let isEnd = head.has(HTTP2Frame.Flag.endStream)
      takeHeaders(head.stream, isEnd, fragment, &outgoing, ended)
    } else {
      headers = HeaderCollection(head, fragment)
    }
  }

  private mutating func continueHeaders(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard headers?.stream == head.stream, headers?.append(payload) == true else {
      return fail(.enhanceYourCalm, "headers have no end", &outgoing, ended)
    }
    guard head.has(HTTP2Frame.Flag.endHeaders), let whole = headers else { return }
    headers = nil
    whole.block.withUnsafeBytes {
      takeHeaders(whole.stream, whole.isEndOfCall, $0, &outgoing, ended)
    }
  }

  private mutating func takeReset(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard payload.count == 4, wasAsked(head.stream) else {
      return fail(.protocolError, "it breaks off a call that nobody made", &outgoing, ended)
    }
    guard let call = calls.removeValue(forKey: head.stream) else { return }
    waiting.removeAll { $0 == head.stream }
    let code = HTTP2Frame.number(payload, at: 0)
    ended(EndedCall(ticket: call.ticket, problem: GRPCProblems.reset(code)))
  }

  private mutating func takePing(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard head.stream == 0, payload.count == 8 else {
      return fail(.frameSize, "a PING is malformed", &outgoing, ended)
    }
    if head.has(HTTP2Frame.Flag.acknowledgement) { return }
    guard acknowledge(head.kind, Array(payload), &outgoing) else {
      return fail(.enhanceYourCalm, "it asks and reads no answers", &outgoing, ended)
    }
  }

  private mutating func takeGoAway(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard head.stream == 0, payload.count >= 8 else {
      return fail(.frameSize, "a GOAWAY is malformed", &outgoing, ended)
    }
    let last = HTTP2Frame.number(payload, at: 0) & 0x7FFF_FFFF
    leave(last: last, code: HTTP2Frame.number(payload, at: 4), &outgoing, ended)
  }

  private mutating func takeWindow(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard payload.count == 4, head.stream == 0 || wasAsked(head.stream) else {
      return fail(.protocolError, "a WINDOW_UPDATE is malformed", &outgoing, ended)
    }
    let count = Int(HTTP2Frame.number(payload, at: 0) & 0x7FFF_FFFF)
    if head.stream == 0 {
      peer.window += count
      guard count > 0, peer.window <= HTTP2Frame.windowMax else {
        return fail(.flowControl, "its window is none", &outgoing, ended)
      }
      sendWaiting(&outgoing)
    } else if let place = calls.index(forKey: head.stream) {
      calls.values[place].window += count
      guard count > 0, calls.values[place].window <= HTTP2Frame.windowMax else {
        let problem = GRPCProblems.notHTTP2("a call's window is none")
        return end(head.stream, problem, telling: .flowControl, &outgoing, ended)
      }
      sendWaiting(head.stream, &outgoing)
    }
  }

  // MARK: Settings

  private mutating func takeSettings(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    let isAnswer = head.has(HTTP2Frame.Flag.acknowledgement)
    guard head.stream == 0, payload.count % 6 == 0, !isAnswer || payload.isEmpty else {
      return fail(.frameSize, "its settings are malformed", &outgoing, ended)
    }
    if isAnswer { return }
    // Nothing said is as many as there are numbers for.
    peer.callsMax = peer.callsMax ?? HTTP2Frame.windowMax
    for place in stride(from: 0, to: payload.count, by: 6) {
      let number = Int(payload[place]) << 8 | Int(payload[place + 1])
      let value = Int(HTTP2Frame.number(payload, at: place + 2))
      guard take(setting: number, value) else {
        return fail(.protocolError, "setting \(number) is \(value)", &outgoing, ended)
      }
    }
    guard acknowledge(head.kind, [], &outgoing) else {
      return fail(.enhanceYourCalm, "it asks and reads no answers", &outgoing, ended)
    }
    sendWaiting(&outgoing)
  }

  /// RFC 9113, 6.5.2; false where the value is none.
  private mutating func take(setting number: Int, _ value: Int) -> Bool {
    switch number {
    case 1: requests.fields.resize(&peer.table, to: value)
    case 2: return value == 0
    case 3: peer.callsMax = min(value, HTTP2Frame.windowMax)
    case 4: return resizeWindows(value)
    case 5:
      guard (HTTP2Frame.usualPayloadByteCountMax..<1 << 24).contains(value) else { return false }
      peer.payloadByteCountMax = value
    default: break
    }
    return true
  }

  /// A new window holds for calls on their way, too (RFC 9113, 6.9.2).
  private mutating func resizeWindows(_ window: Int) -> Bool {
    guard window <= HTTP2Frame.windowMax else { return false }
    let change = window - peer.callWindow
    peer.callWindow = window
    for stream in Array(calls.keys) { calls[stream]?.window += change }
    return calls.values.allSatisfy { $0.window <= HTTP2Frame.windowMax }
  }
}
