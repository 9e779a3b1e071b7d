import Inference

/// A client's HTTP/2 bytes as an input tells them: calls with tensors, cut into frames anyhow, with
/// frames between them that belong there and that do not.
///
/// Every two bytes of an input are a step and its argument. Tensors come out of a few bytes, so that
/// an input of some hundred makes frames of many KiB.
struct FrameScript {
  private(set) var bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  /// Payload of DATA, padding included: what counts against the connection's window.
  private(set) var payloadByteCount = 0
  private var input: ArraySlice<UInt8>
  private var lastStream: UInt32 = 0
  /// What the calls' clients have to send that is not in a frame yet.
  private var unsent: [UInt32: ArraySlice<UInt8>] = [:]

  /// All DATA together stays within the windows that this front gives.
  static let payloadBytesMax = 192 << 10

  private static let paths = [
    "/inference.GRPCInferenceService/ModelInfer",
    "/inference.GRPCInferenceService/ModelStreamInfer", "/grpc.health.v1.Health/Watch",
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
