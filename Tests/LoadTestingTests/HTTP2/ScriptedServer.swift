@testable import LoadTesting

/// A server's bytes, written by hand, and the client that gets them.
struct ScriptedServer {
  private(set) var client: GRPCConnection
  private(set) var ended: [EndedCall] = []
  /// What the client has sent since it was last looked at.
  private var outgoing = OutgoingBytes()
  /// Bytes are given to the client in pieces of so many.
  private let pieceByteCount: Int

  static let path = "/inference.GRPCInferenceService/ModelInfer"

  /// - Parameters:
  ///   - settings: those that the server says first; `nil` where it says nothing yet.
  ///   - kept: whose answers are wanted.
  init(
    messages: [[UInt8]] = [[1, 2, 3]], pieceByteCount: Int = .max, kept: Set<Int> = [],
    settings: [(UInt16, UInt32)]? = []
  ) {
    let requests = GRPCRequests(
      path: Self.path, authority: "host:1", isEncrypted: false, messages: messages)
    client = GRPCConnection(requests, answers: Wanted(samples: kept))
    self.pieceByteCount = pieceByteCount
    client.begin(&outgoing)
    if let settings {
      send(Self.settings(settings))
      _ = sent()
    }
  }

  private struct Wanted: AnswerKeeper {
    let samples: Set<Int>

    func wants(_ sample: Int) -> Bool { samples.contains(sample) }
    func keep(_ answer: LoadAnswer, of sample: Int) {}
  }

  // MARK: The client

  mutating func ask(_ sample: Int = 0, ticket: Int = 7) {
    client.ask(sample, ticket: ticket, &outgoing)
  }

  /// Gives these bytes to the client.
  mutating func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieceByteCount))
      rest = rest.dropFirst(piece.count)
      piece.withUnsafeBytes { bytes in client.receive(bytes, &outgoing) { ended.append($0) } }
    }
  }

  /// So many calls can still be asked.
  mutating func useUpStreams(leaving count: UInt32) { client.nextStream = 1 << 31 + 1 - 2 * count }

  mutating func close(_ problem: CallProblem) { client.close(problem) { ended.append($0) } }

  /// What the client has sent since the last time.
  mutating func sentBytes() -> [UInt8] {
    defer { outgoing = OutgoingBytes() }
    return outgoing.parts.flatMap { $0.bytes[$0.range] }
  }

  struct Frame: Equatable {
    let kind: UInt8
    let flags: UInt8
    let stream: UInt32
    let payload: [UInt8]
  }

  /// The same as frames; the preface is left out.
  mutating func sent() -> [Frame] {
    var rest = sentBytes()[...]
    if rest.starts(with: HTTP2Frame.preface) { rest = rest.dropFirst(HTTP2Frame.preface.count) }
    var frames: [Frame] = []
    while !rest.isEmpty {
      let head = rest.withUnsafeBytes { HTTP2Frame.Head($0) }
      rest = rest.dropFirst(HTTP2Frame.headByteCount)
      frames.append(
        Frame(
          kind: head.kind, flags: head.flags, stream: head.stream,
          payload: Array(rest.prefix(head.byteCount))))
      rest = rest.dropFirst(head.byteCount)
    }
    return frames
  }

  var problem: CallProblem? { ended.last?.problem }

  // MARK: The server

  static func settings(_ values: [(UInt16, UInt32)]) -> [UInt8] {
    HTTP2Frame.frame(
      HTTP2Frame.Kind.settings,
      values.flatMap {
        [UInt8($0.0 >> 8), UInt8($0.0 & 255)] + HTTP2Frame.bytes(of: $0.1)
      })
  }

  /// A field neither indexed nor packed.
  static func field(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
  }

  static func headers(
    _ block: [UInt8], stream: UInt32 = 1, flags: UInt8 = HTTP2Frame.Flag.endHeaders
  ) -> [UInt8] {
    HTTP2Frame.frame(HTTP2Frame.Kind.headers, flags: flags, stream: stream, block)
  }

  /// `:status` 200 and a content type.
  static let good: [UInt8] = [0x88] + field("content-type", "application/grpc")

  static func trailers(_ fields: [UInt8], stream: UInt32 = 1) -> [UInt8] {
    headers(
      fields, stream: stream, flags: HTTP2Frame.Flag.endHeaders | HTTP2Frame.Flag.endStream)
  }

  static func data(_ bytes: [UInt8], stream: UInt32 = 1, flags: UInt8 = 0) -> [UInt8] {
    HTTP2Frame.frame(HTTP2Frame.Kind.data, flags: flags, stream: stream, bytes)
  }

  static func message(_ bytes: [UInt8]) -> [UInt8] {
    [0] + HTTP2Frame.bytes(of: UInt32(bytes.count)) + bytes
  }

  /// All frames of an answer that goes well.
  static func answer(_ bytes: [UInt8] = [9], stream: UInt32 = 1) -> [UInt8] {
    headers(good, stream: stream) + data(message(bytes), stream: stream)
      + trailers(field("grpc-status", "0"), stream: stream)
  }
}
