import FrontSupport
import Inference
import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP2
import Serving
import TestSupport
import WireFormats

@testable import FrontFixture
@testable import GRPCFront

/// One for all inputs; libFuzzer has one thread.
nonisolated(unsafe) private let house: GRPCHouse = {
  do {
    return try GRPCHouse()
  } catch {
    fatalError("no front: \(error)")
  }
}()

/// A connection's frames are answered alike whether tensors are taken out before the HTTP/2 handler or
/// not, and wherever the network cuts them; what is held is within the bound and let go of with the
/// connection, and the client gets back the window that it used, and no more.
///
/// Alike up to the first refusal of a call: a message that is not protobuf is refused at once where it
/// comes in pieces, and when its turn comes where it is whole.
func fuzzGRPC(_ bytes: UnsafeRawBufferPointer) {
  guard let (choice, rest) = choice(bytes), rest.count < 1_024 else { return }
  let script = FrameScript(Array(rest)[...])
  let plain = house.play(script, pieces: .init(choice), isDiverted: false)
  let taken = house.play(script, pieces: .init(choice), isDiverted: true)
  require(
    plain.agrees(with: taken, on: script.content),
    "tensors taken out or not:\n\(plain)\n\(taken)")
}

/// How the network cuts a connection's bytes.
private struct Pieces {
  private let byteCountMax: Int
  private var state: UInt64

  init(_ choice: UInt8) {
    byteCountMax = [1, 9, 100, 1_500, 5_000, 20_000, 70_000, 1 << 20][Int(choice & 7)]
    state = UInt64(choice)
  }

  mutating func next(of restByteCount: Int, in byteCount: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    let most = max(byteCountMax, byteCount / 1_000)
    return min(restByteCount, 1 + Int(state >> 33) % most)
  }
}

/// What a client got, by its calls.
private struct Heard: CustomStringConvertible {
  enum Step: Equatable {
    case message([UInt8])
    /// A streamed request has failed, or the call has: `grpc-status`.
    case refusal(String)
    case success
    case reset(UInt32)

    var isRefusal: Bool { if case .refusal = self { true } else { false } }
  }

  private(set) var calls: [UInt32: [Step]] = [:]
  private var unread: [UInt32: [UInt8]] = [:]
  /// How the connection was broken off.
  var goAway: UInt32?

  var description: String {
    let calls = calls.sorted { $0.key < $1.key }.map { id, steps in
      "\(id): "
        + steps.map { step in
          if case .message(let bytes) = step { "\(bytes.count) bytes" } else { "\(step)" }
        }.joined(separator: ", ")
    }
    return "\(calls) \(goAway.map { "GOAWAY \($0)" } ?? "")"
  }

  mutating func add(_ step: Step, to call: UInt32) { calls[call, default: []].append(step) }

  /// Takes bytes of a call's answers, which are whole messages behind five bytes each.
  mutating func add(_ bytes: some Sequence<UInt8>, to call: UInt32) {
    var rest = unread[call, default: []] + bytes
    while rest.count >= 5 {
      let count = rest[1..<5].reduce(0) { $0 << 8 | Int($1) }
      guard rest.count >= 5 + count else { break }
      let message = Array(rest[5..<5 + count])
      rest.removeFirst(5 + count)
      // Field 1 is `error_message` of ModelStreamInferResponse, and the model of ModelInferResponse.
      let isError = message.first == 0x0a && !message.dropFirst(2).starts(with: Array("echo".utf8))
      add(isError ? .refusal("streamed") : .message(message), to: call)
    }
    unread[call] = rest
  }

  func agrees(with other: Heard, on content: FrameContent) -> Bool {
    guard goAway == other.goAway else { return false }
    return Set(calls.keys).union(other.calls.keys).allSatisfy { id in
      let (mine, others) = (calls[id] ?? [], other.calls[id] ?? [])
      let isWhole = goAway == nil && content.isWhole(id)
      return mine == others || Self.agree(mine, others, isWhole: isWhole)
    }
  }

  /// - Parameter isWhole: nothing has kept either from its refusal.
  private static func agree(_ one: [Step], _ other: [Step], isWhole: Bool) -> Bool {
    let areRefused = (one.contains(where: \.isRefusal), other.contains(where: \.isRefusal))
    guard areRefused.0 || areRefused.1, !isWhole || areRefused.0 == areRefused.1 else {
      return false
    }
    let answers = [one, other].map { Array($0.prefix { !$0.isRefusal }) }
    if areRefused.0 == areRefused.1 { return answers[0] == answers[1] }
    let (refused, waiting) = areRefused.0 ? (answers[0], answers[1]) : (answers[1], answers[0])
    return waiting.starts(with: refused)
  }
}

/// A front with an echoing model, and connections to it.
private final class GRPCHouse {
  private let loop = TestLoop()
  private let observer = RecordingObserver()
  private let shared: GRPCShared
  private let front: GRPCLoop

  init() throws {
    var settings = GRPCFrontSettings()
    settings.limits.windowBytes = 256 << 10
    settings.limits.collectedBytesMax = 8 << 20
    settings.limits.loopMessageBytesMax = 1 << 20
    let door = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: observer)
    try door.load(
      ModelSpecification(
        name: "echo", source: .file(path: "echo"),
        loader: FakeLoader { FakeModel(.identity, isCheap: true) }))
    shared = GRPCShared(
      settings: settings, door: door, workers: WorkerPool(threadCount: 1), observer: observer,
      metrics: NoMetrics(), repository: nil, extensions: FrontExtensions())
    shared.workers.start()
    front = GRPCLoop(
      eventLoop: loop, shared: shared, entrance: door.makeEntrance(isEventLoop: true))
  }

  func play(_ script: FrameScript, pieces: Pieces, isDiverted: Bool) -> Heard {
    observer.forget()
    do {
      let client = try GRPCClient(loop, front, isDiverted: isDiverted)
      var (pieces, place) = (pieces, 0)
      while place < script.bytes.count {
        let end = place + pieces.next(of: script.bytes.count - place, in: script.bytes.count)
        client.send(script.bytes[place..<end])
        place = end
        require(
          shared.heldBytes.byteCount <= front.limits.collectedBytesMax, "what is held is bounded")
      }
      let heard = client.heard()
      client.hangUp()
      require(shared.heldBytes.byteCount == 0, "nothing is held for nobody")
      client.requireWindow(after: script.content, front.limits)
      return heard
    } catch {
      fatalError("no connection: \(error)")
    }
  }
}

/// One connection.
private final class GRPCClient {
  private let loop: TestLoop
  private let channel: EmbeddedChannel
  private let connection: GRPCConnection
  private let frames: TensorFrames?
  private let reads: TensorReads?
  private var answer = ByteBuffer()
  private var openedByteCount = 0
  private var isBroken = false

  init(_ loop: TestLoop, _ front: GRPCLoop, isDiverted: Bool) throws {
    self.loop = loop
    channel = EmbeddedChannel(loop: loop.embedded)
    channel.allowOptionsWhenClosed = true
    let handlers = channel.pipeline.syncOperations
    if isDiverted {
      try GRPCPipeline.install(on: handlers, front: front, isEncrypted: false)
      frames = try handlers.handler(type: TensorFrames.self)
    } else {
      let connection = GRPCConnection(front: front)
      try handlers.addHandlers([
        NIOHTTP2Handler(
          mode: .server, frameDelegate: connection.sentFrames,
          connectionConfiguration: GRPCPipeline.configuration(front.limits),
          streamConfiguration: GRPCPipeline.streamConfiguration(front.limits)), connection,
      ])
      frames = nil
    }
    reads = frames.map(TensorReads.init)
    connection = try handlers.handler(type: GRPCConnection.self)
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: 50_000)
    channel.remoteAddress = address
    channel.connect(to: address, promise: nil)
  }

  /// As a socket would be read: into a tensor's memory where the front wants that.
  func send(_ bytes: ArraySlice<UInt8>) {
    var rest = bytes
    while !rest.isEmpty, channel.isActive {
      var piece = ByteBuffer()
      if let reads, frames?.memoryForNextRead != nil {
        piece = reads.buffer(allocator: ByteBufferAllocator())
        let count = min(piece.writableBytes, rest.count)
        require(count > 0, "there is room where bytes are wanted")
        piece.writeBytes(rest.prefix(count))
        rest.removeFirst(count)
      } else {
        piece.writeBytes(rest)
        rest = []
      }
      // What HTTP/2 forbids surfaces here, too; the answer says it.
      _ = try? channel.writeInbound(piece)
    }
    settle()
  }

  /// Until no answer is owed any more.
  private func settle() {
    let isSettled = eventually {
      read()
      return connection.streams.values.allSatisfy { $0.isOver || $0.wantsBytes }
    }
    require(isSettled, "an answer comes within seconds")
  }

  private func read() {
    loop.run()
    while var part = try? channel.readOutbound(as: ByteBuffer.self) { answer.writeBuffer(&part) }
  }

  func hangUp() {
    channel.close(promise: nil)
    loop.run()
    reads?.end()
  }

  /// What has come, read as a client does.
  func heard() -> Heard {
    var heard = Heard()
    var headers = HPACKDecoder(allocator: ByteBufferAllocator())
    // The script's SETTINGS may allow as much.
    headers.maxDynamicTableLength = Int(UInt32.max)
    while let (length, kind) = answer.readInteger(as: UInt32.self).map({ ($0 >> 8, $0 & 255) }) {
      guard answer.readInteger(as: UInt8.self) != nil,
        let id = answer.readInteger(as: UInt32.self),
        var payload = answer.readSlice(length: Int(length))
      else { fatalError("does not hold: answers are whole frames") }
      switch kind {
      case 0: heard.add(payload.readableBytesView, to: id)
      case 1:
        let fields = try? headers.decodeHeaders(from: &payload)
        require(fields != nil, "headers are HPACK")
        if let status = fields?.first(name: "grpc-status") {
          heard.add(status == "0" ? .success : .refusal(status), to: id)
        }
      case 3: heard.add(.reset(payload.readInteger() ?? 0), to: id)
      case 7:
        payload.moveReaderIndex(forwardBy: 4)
        heard.goAway = payload.readInteger()
        isBroken = true
      case 8 where id == 0: openedByteCount += Int(payload.readInteger(as: UInt32.self) ?? 0)
      default: break
      }
    }
    isBroken = isBroken || !channel.isActive
    return heard
  }

  /// A frame counts when its header has come, or as its bytes do.
  func requireWindow(after content: FrameContent, _ limits: GRPCLimits) {
    let window = 65_535 + openedByteCount - content.payloadByteCount
    require(window <= limits.windowBytes, "a window of \(window) is not above the limit")
    // A connection that has ended did not get all that was sent.
    guard !isBroken else { return }
    require(
      window + content.missingByteCount >= limits.windowBytes / 4,
      "\(window) of the window are left")
  }
}
