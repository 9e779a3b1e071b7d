import FrontSupport
import Inference
import NIOCore
import NIOHTTP2
import Serving
import WireFormats

/// One client's connection: takes the frames of all of its calls, keeps the receiving windows open,
/// holds it to the limits. Everything happens on the connection's event loop.
///
/// Frames are checked, decompressed and put in order by NIO's handler before they come here, and it
/// keeps what is written beyond a sending window.
final class GRPCConnection: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  let front: GRPCLoop
  let sentFrames: SentFrames
  private(set) var peer = Peer(address: "", isLoopback: false)
  private(set) var context: ChannelHandlerContext?
  /// The call whose headers came last.
  let head = CallHead()
  var methods = GRPCMethod.Memory()
  private(set) var streams: [HTTP2StreamID: GRPCStream] = [:]
  /// The call that began last: mostly the one that comes next is about it.
  private var latest: GRPCStream?
  private var watch: ConnectionWatch
  private var lastStreamID = HTTP2StreamID.rootStream
  /// Answers that were written and have not left.
  private(set) var unsentByteCount = 0
  /// Calls whose last frame was written and has not left.
  private var leavingCount = 0
  private var movedTick = 0
  /// The connection's receiving window, which is opened again when answers have left.
  private var isWindowOwed = false
  private var inboundWindow = 65_535
  /// Bytes that were taken before the HTTP/2 handler and not given back to the client's window.
  private var owedWindow = 0
  /// Stands before the HTTP/2 handler; the two hold each other until the connection ends.
  var tensorFrames: TensorFrames?
  private var isFlushOwed = false
  private var isReading = false

  init(front: GRPCLoop) {
    self.front = front
    sentFrames = SentFrames(tick: front.tick)
    watch = ConnectionWatch(tick: front.tick, agePercent: .random(in: 90...110))
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // Behind TLS, we come when the handshake is over.
    if context.channel.isActive { opened(context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    opened(context)
    context.fireChannelActive()
  }

  private func opened(_ context: ChannelHandlerContext) {
    peer = Peer(context.remoteAddress, at: context.localAddress)
    Peer.user(of: context.channel) { self.peer = $0 }
    front.connectionOpened(self)
  }

  func channelInactive(context: ChannelHandlerContext) {
    front.connectionClosed(self)
    self.context = nil
    tensorFrames = nil
    let open = streams.values
    streams = [:]
    latest = nil
    for stream in open { stream.clientLeft() }
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Where the handler has not given the connection up, the error was one call's, which it has reset.
    guard sentFrames.hasGivenUp || !(error is any NIOHTTP2Error) else { return }
    context.close(promise: nil)
  }
}

// MARK: - Frames in

extension GRPCConnection {
  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    let frame = unwrapInboundIn(data)
    sentFrames.keepAlive.heard(tick: front.tick)
    switch frame.payload {
    case .headers(let headers): take(headers, frame.streamID)
    case .data(let data):
      guard case .byteBuffer(let bytes) = data.data else { return }
      stream(frame.streamID)?.receive(bytes, isEnd: data.endStream)
    case .rstStream: break
    case .settings(.settings):
      if watch.waiting == .handshake { handshakeEnded() }
      controlFrameCame(isPing: false)
    case .ping(let content, let isAnswer):
      if !isAnswer {
        controlFrameCame(isPing: true)
      } else if content.integer == Self.farewellPing {
        farewellAnswered()
      }
    case .windowUpdate, .priority: controlFrameCame(isPing: false)
    default: break
    }
  }

  private func stream(_ id: HTTP2StreamID) -> GRPCStream? {
    if let latest, latest.id == id { return latest }
    return streams[id]
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    // What was written while reading, NIO's handler has just sent.
    if isFlushOwed { flush() }
    context.fireChannelReadComplete()
  }

  private func take(_ headers: HTTP2Frame.FramePayload.Headers, _ id: HTTP2StreamID) {
    if id <= lastStreamID {
      // Trailers of a request say nothing but that it is over.
      if headers.endStream { streams[id]?.receive(ByteBuffer(), isEnd: true) }
      return
    }
    lastStreamID = id
    let isTrusted = front.settings.trustedProxies.contains(peer.address)
    head.read(
      headers.headers, callerHeader: isTrusted ? front.callerHeader : nil, keyNames: front.keyNames)
    guard head.isWellFormed else {
      malformedCallCame(id)
      return
    }
    let stream = GRPCStream(id, connection: self)
    streams[id] = stream
    latest = stream
    watch.callCountChanged(to: streams.count, tick: front.tick)
    stream.begin(isEnd: headers.endStream)
  }

  private func malformedCallCame(_ id: HTTP2StreamID) {
    write(.rstStream(.protocolError), on: id)
    flushSoon()
    sentFrames.abuse.malformedCallCame(limits: front.limits)
    if sentFrames.abuse.isTooMuch(front.limits) {
      endAbruptly(.enhanceYourCalm, "too many malformed calls")
    }
  }

  private func controlFrameCame(isPing: Bool) {
    if isPing {
      sentFrames.abuse.pingCame(at: MonotonicClock.now(), limits: front.limits)
    } else {
      sentFrames.abuse.controlFrameCame()
    }
    if sentFrames.abuse.isTooMuch(front.limits) {
      endAbruptly(.enhanceYourCalm, "too_many_pings")
    }
  }

  private func endAbruptly(_ code: HTTP2ErrorCode, _ reason: String) {
    write(
      .goAway(
        lastStreamID: lastStreamID, errorCode: code, opaqueData: ByteBuffer(string: reason)),
      on: .rootStream)
    flush()
    close()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? NIOHTTP2WindowUpdatedEvent {
      windowChanged(event)
    } else if let event = event as? StreamClosedEvent {
      streamClosed(event.streamID)
    }
  }

  private func streamClosed(_ id: HTTP2StreamID) {
    guard let stream = streams.removeValue(forKey: id) else { return }
    if latest === stream { latest = nil }
    watch.callCountChanged(to: streams.count, tick: front.tick)
    stream.closed()
    closeIfDone()
  }
}

// MARK: - Tensors

extension GRPCConnection {
  /// What is to be taken of a call's frame that begins before the HTTP/2 handler gets it.
  func wish(of id: UInt32) -> FrameDiversion.Wish {
    // A client that has not answered our SETTINGS does not know the frames' sizes that it may use.
    streams[HTTP2StreamID(Int(id))]?.wish ?? .nothing
  }

  /// Where the next bytes of a call's tensor belong, where much of it is missing.
  func openMemory(of id: UInt32) -> BodyMemory? { streams[HTTP2StreamID(Int(id))]?.openMemory }

  /// Takes bytes of a tensor that the HTTP/2 handler does not see.
  func take(_ bytes: ByteBuffer, of id: UInt32) {
    isReading = true
    sentFrames.keepAlive.heard(tick: front.tick)
    owedWindow += bytes.readableBytes
    guard owedWindow <= front.limits.windowBytes else {
      endAbruptly(.flowControlError, "more bytes than the window has")
      return
    }
    if let stream = streams[HTTP2StreamID(Int(id))] {
      tensorFrames?.openWindow(id, by: stream.take(bytes))
    }
    payOwedWindow()
  }

  /// As for the window that the HTTP/2 handler knows: a client that does not take its answers does not
  /// get to ask for more.
  private func payOwedWindow() {
    guard owedWindow >= front.limits.windowBytes / 4,
      unsentByteCount <= front.limits.unsentBytesPause
    else { return }
    tensorFrames?.openWindow(0, by: owedWindow)
    owedWindow = 0
  }
}

// MARK: - Windows

extension GRPCConnection {
  private func handshakeEnded() {
    watch.wait(for: .idle, tick: front.tick)
    // The connection's own window begins with 64 KiB, whatever SETTINGS say.
    openWindow(by: front.limits.windowBytes - inboundWindow, of: .rootStream)
    if front.isDraining { beginLeaving() }
  }

  private func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
    guard let size = event.inboundWindowSize else { return }
    if event.streamID == .rootStream {
      inboundWindow = size
      if size <= front.limits.windowBytes / 2 { openConnectionWindow() }
    } else if size <= front.limits.windowBytes / 2, let stream = streams[event.streamID],
      stream.wantsBytes
    {
      openWindow(by: front.limits.windowBytes - size, of: event.streamID)
    }
  }

  /// A client that does not take its answers does not get to ask for more of them.
  private func openConnectionWindow() {
    isWindowOwed = unsentByteCount > front.limits.unsentBytesPause
    if isWindowOwed || watch.waiting == .handshake { return }
    openWindow(by: front.limits.windowBytes - inboundWindow, of: .rootStream)
  }

  private func openWindow(by byteCount: Int, of id: HTTP2StreamID) {
    guard byteCount > 0 else { return }
    write(.windowUpdate(windowSizeIncrement: byteCount), on: id)
    flushSoon()
  }
}

// MARK: - Frames out

extension GRPCConnection {
  func write(
    _ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID,
    promise: EventLoopPromise<Void>? = nil
  ) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.write(
      wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
  }

  func flush() {
    isFlushOwed = false
    context?.flush()
  }

  /// Sends what was written at the end of the read at hand, or of this turn of the loop.
  func flushSoon() {
    guard !isFlushOwed else { return }
    isFlushOwed = true
    if !isReading { front.flushSoon(self) }
  }

  /// Bytes of an answer were written; false where the client holds too many already, and was cut off.
  func wrote(_ byteCount: Int) -> Bool {
    if unsentByteCount == 0 { movedTick = front.tick }
    unsentByteCount += byteCount
    if unsentByteCount <= front.limits.unsentBytesMax { return true }
    close()
    return false
  }

  func sent(_ byteCount: Int) {
    unsentByteCount -= byteCount
    movedTick = front.tick
    if isWindowOwed, unsentByteCount <= front.limits.unsentBytesPause { openConnectionWindow() }
    payOwedWindow()
  }
}

// MARK: - Time and end

extension GRPCConnection {
  func answerIsLeaving() { leavingCount += 1 }

  func answerHasLeft() {
    leavingCount -= 1
    closeIfDone()
  }

  func secondPassed() {
    for stream in streams.values { stream.secondPassed() }
    let seconds = front.tick - movedTick
    if front.limits.isTooSlow(seconds: seconds, unsentByteCount: unsentByteCount) {
      close()
      return
    }
    switch watch.verdict(tick: front.tick, limits: front.limits) {
    case nil: keepAlive()
    case .close: close()
    case .beginLeaving: beginLeaving()
    case .endLeaving: endLeaving()
    }
  }

  private func keepAlive() {
    guard watch.waiting != .handshake else { return }
    switch sentFrames.keepAlive.verdict(
      tick: front.tick, hasCalls: !streams.isEmpty, limits: front.limits)
    {
    case nil: break
    case .close: close()
    case .ask: ping(Self.keepAlivePing)
    }
  }

  /// What our pings carry, by which their answers are told apart.
  private static let farewellPing: UInt64 = 0
  private static let keepAlivePing: UInt64 = 1

  private func ping(_ content: UInt64) {
    write(.ping(HTTP2PingData(withInteger: content), ack: false), on: .rootStream)
    flushSoon()
  }

  /// Tells the client to take its next calls elsewhere. Calls that it has sent meanwhile are still
  /// answered: a second GOAWAY, after a round trip, says which was the last.
  func beginLeaving() {
    guard !watch.isLeaving else { return }
    if watch.waiting == .handshake {
      // A client that has not begun has nothing to lose.
      close()
      return
    }
    watch.wait(for: .farewell, tick: front.tick)
    tensorFrames?.announceLeaving()
    ping(Self.farewellPing)
  }

  private func farewellAnswered() {
    if watch.waiting == .farewell { endLeaving() }
  }

  private func endLeaving() {
    watch.wait(for: .lastCalls, tick: front.tick)
    write(
      .goAway(lastStreamID: lastStreamID, errorCode: .noError, opaqueData: nil), on: .rootStream)
    flush()
    closeIfDone()
  }

  private func closeIfDone() {
    if watch.waiting == .lastCalls, streams.isEmpty, leavingCount == 0 { close() }
  }

  func close() { context?.close(promise: nil) }
}
