import Inference

/// A client's HTTP/2 bytes as an input tells them: calls with tensors, cut into frames anyhow, with
/// frames between them that belong there and that do not.
///
/// Every two bytes of an input are a step and its argument. Tensors come out of a few bytes, so that
/// an input of some hundred makes frames of many KiB.
struct FrameScript {
  private(set) var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// What HTTP/2 reads out of them.
  private(set) var content = FrameContent()
  /// Payload of DATA, padding included, of the frames that are meant.
  private var payloadByteCount = 0
  private var input: ArraySlice<UInt8>
  private var lastStream: UInt32 = 0
  /// What the calls' clients have to send that is not in a frame yet.
  private var unsent: [UInt32: ArraySlice<UInt8>] = [:]
  /// Calls that the client has ended or taken back.
  private var over: Set<UInt32> = []

  /// All DATA together stays within the windows that this front gives.
  static let payloadBytesMax = 192 << 10

  private static let paths = [
    "/inference.GRPCInferenceService/ModelInfer",
    "/inference.GRPCInferenceService/ModelStreamInfer",
  ]
  private static let elementCounts = [0, 1, 100, 1_023, 1_025, 2_000, 9_000, 20_000]
  private static let partByteCounts = [
    1, 5, 40, 1_000, 4_095, 4_096, 5_500, 16_384, 40_000, 0, 9, 1_024, 4_097, 8_192, 12_000, 70_000,
  ]

  init(_ input: ArraySlice<UInt8>) {
    self.input = input
    frame(4, 0, 0, [])
    frame(4, 1, 0, [])
    while self.input.count >= 2 { step(self.input.removeFirst(), self.input.removeFirst()) }
    // An answer may wait for the end of its call.
    for id in stride(from: 1, through: lastStream, by: 2) where !over.contains(id) {
      frame(0, 1, id, [])
    }
    bytes.removeLast(bytes.count - content.read(bytes))
  }

  private mutating func step(_ kind: UInt8, _ argument: UInt8) {
    switch kind % 16 {
    case 0, 1: beginCall(argument)
    case 2, 3: addMessage(argument)
    case 4, 5, 6, 7: sendPart(argument)
    case 8: frame(3, 0, stream(argument), [0, 0, 0, argument & 15])
    case 9: frame(8, 0, argument & 1 == 0 ? 0 : stream(argument), [0, argument, 0, 1])
    case 10: frame(6, argument & 1, 0, Array(repeating: argument, count: 8))
    case 11: frame(4, 0, 0, argument & 1 == 0 ? [] : [0, argument & 7, 0, 0, argument, 0])
    case 12: bytes += taken(Int(argument & 31))
    case 13: frame(argument, 0, stream(argument >> 4), taken(Int(argument & 15)))
    case 14: filler(argument)
    default: brokenHeaders(argument)
    }
  }

  /// One of the calls, or one that nobody has begun.
  private func stream(_ argument: UInt8) -> UInt32 {
    let count = lastStream / 2 + lastStream % 2
    let place = UInt32(argument & 7)
    return place < count ? place * 2 + 1 : place
  }

  private mutating func taken(_ count: Int) -> [UInt8] {
    defer { input = input.dropFirst(count) }
    return Array(input.prefix(count))
  }

  private mutating func frame(
    _ kind: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]
  ) {
    if kind == 0 { payloadByteCount += payload.count }
    if kind == 3 || (kind < 2 && flags & 1 != 0) { over.insert(stream) }
    let count = payload.count
    bytes += [UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), kind, flags]
    bytes += Self.bytes(of: stream)
    bytes += payload
  }

  private static func bytes(of number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
  }

  private static func headers(_ path: String) -> [UInt8] {
    let fields: [(String, String)] = [
      (":method", "POST"), (":scheme", "http"), (":path", path), ("te", "trailers"),
      ("content-type", "application/grpc"),
    ]
    var bytes: [UInt8] = []
    for (name, value) in fields {
      // RFC 7541, 6.2.2: neither indexed nor packed.
      bytes.append(0)
      for text in [name, value] {
        bytes.append(UInt8(text.utf8.count))
        bytes += text.utf8
      }
    }
    return bytes
  }

  private mutating func beginCall(_ argument: UInt8) {
    guard lastStream < 15 else { return }
    lastStream += lastStream == 0 ? 1 : 2
    let fields = Self.headers(Self.paths[Int(argument & 15) % Self.paths.count])
    let end: UInt8 = argument & 0xf0 == 0xf0 ? 1 : 0
    guard argument & 0x10 == 0 else {
      frame(1, end, lastStream, Array(fields[..<20]))
      frame(9, 4, lastStream, Array(fields[20...]))
      return
    }
    frame(1, 4 | end, lastStream, fields)
  }

  /// The beginning of headers, with a part of another call where the rest of them belongs.
  private mutating func brokenHeaders(_ argument: UInt8) {
    lastStream += lastStream == 0 ? 1 : 2
    let fields = Self.headers(Self.paths[0])
    frame(1, 0, lastStream, Array(fields[..<20]))
    sendPart(argument)
    frame(9, 4, lastStream, Array(fields[20...]))
  }

  private mutating func addMessage(_ argument: UInt8) {
    let count = Self.elementCounts[Int(argument >> 4 & 7)]
    var message: [UInt8] = field(1, Array("echo".utf8))
    message += field(
      5,
      field(1, Array("INPUT0".utf8)) + field(2, Array("FP32".utf8)) + field(3, varint(count)))
    let tensor = (0..<count * 4).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
    // One in two tensors is of another length than its shape says.
    message += field(7, argument & 0x88 == 0x88 ? Array(tensor.dropLast(1)) : tensor)
    if argument & 0x80 != 0, input.count > 2 { message += taken(2) }
    let prefix = [0] + Self.bytes(of: UInt32(message.count))
    unsent[stream(argument), default: []] += prefix + message
  }

  private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
    [number << 3 | 2] + varint(content.count) + content
  }

  private func varint(_ value: Int) -> [UInt8] {
    var rest = value
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// DATA with what a call has still to send: some of it, the last of it, or with padding.
  private mutating func sendPart(_ argument: UInt8) {
    let id = stream(argument)
    let wanted = Self.partByteCounts[Int(argument >> 4)]
    let part = Array((unsent[id] ?? []).prefix(wanted))
    guard payloadByteCount + part.count + 8 <= Self.payloadBytesMax else { return }
    unsent[id]?.removeFirst(part.count)
    let isEnd: UInt8 = argument & 8 != 0 && unsent[id]?.isEmpty ?? true ? 1 : 0
    if wanted == 1_024 {
      frame(0, 8 | isEnd, id, [7] + part + Array(repeating: 0, count: 7))
    } else {
      frame(0, isEnd, id, part)
    }
  }

  /// DATA that is nobody's message, or ends a call in the middle of its own.
  private mutating func filler(_ argument: UInt8) {
    let count = Self.partByteCounts[Int(argument >> 4)]
    guard payloadByteCount + count <= Self.payloadBytesMax else { return }
    frame(0, argument >> 3 & 1, stream(argument), Array(repeating: argument, count: count))
  }
}

/// What frames say, wherever bytes that are no frame have moved their beginnings.
struct FrameContent {
  /// Payload of DATA, padding included: what counts against the connection's window.
  private(set) var payloadByteCount = 0
  /// Of a frame whose end has not come.
  private(set) var missingByteCount = 0
  private var ended: Set<UInt32> = []
  private var takenBack: Set<UInt32> = []

  /// The client has said all that it had to say, and has not taken it back.
  func isWhole(_ stream: UInt32) -> Bool { ended.contains(stream) && !takenBack.contains(stream) }

  /// Gives how many of the bytes are within the windows.
  mutating func read(_ bytes: [UInt8]) -> Int {
    var place = 24
    while place + 9 <= bytes.count {
      let header = bytes[place..<place + 9].map { UInt32($0) }
      let count = Int(header[0] << 16 | header[1] << 8 | header[2])
      let stream = header[5...].reduce(0) { $0 << 8 | $1 } & 0x7fff_ffff
      if header[3] == 0 {
        guard payloadByteCount + count <= FrameScript.payloadBytesMax else { return place }
        payloadByteCount += count
        missingByteCount = max(0, place + 9 + count - bytes.count)
      }
      if header[3] < 2, header[4] & 1 != 0 { ended.insert(stream) }
      if header[3] == 3 { takenBack.insert(stream) }
      place += 9 + count
    }
    return bytes.count
  }
}
