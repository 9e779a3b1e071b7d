import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import Serving
import WireFormats

/// One client's connection: takes its requests one after the other, holds it to the limits, writes
/// the answers. Everything happens on the connection's event loop.
///
/// Pipelined requests wait in line here and are taken up when the answer before them has left, so
/// that a client that does not read can make us hold one answer, never many. NIO's own pipelining
/// handler would be one more hop for each part of each message.
final class HTTPConnection: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let front: FrontLoop
  /// Which of the listeners it came through.
  let isMetricsOnly: Bool
  /// What the clients of that listener speak, where the operator says so.
  let profile: Dialect?
  private(set) var peer = Peer(address: "", isLoopback: false)
  var context: ChannelHandlerContext?

  /// The request that is being answered.
  let head = RequestHead()
  var record: RequestRecord
  var exchange: (any Exchange)?
  var bodyByteCount = 0

  var state = ConnectionState()
  var watch: ConnectionWatch
  var guardMemory = OriginGuard.Memory()
  var routeMemory = Route.Memory()
  var waitingParts = CircularBuffer<HTTPServerRequestPart>()
  var isTakingWaitingParts = false
  /// What came after the waiting parts and is no HTTP; refused when they have been answered.
  var unreadable: HTTPParserError?
  var isReadWanted = false
  /// The parser gave something out of what is being read.
  var hasReadPart = false
  var headStarted = Instant.never
  var corsOrigin: String?
  /// An answer has begun whose parts are still to come.
  var isStreaming = false
  /// The head of a stream that has no part yet.
  var streamHead: ByteBuffer?
  /// Bytes of the answer that were with the system when it was last behind.
  var writtenBefore = 0
  private var bodyReads: BodyReads?
  var readThreshold = ReadThreshold()

  init(front: FrontLoop, isMetricsOnly: Bool, profile: Dialect?) {
    self.front = front
    self.isMetricsOnly = isMetricsOnly
    self.profile = profile
    watch = ConnectionWatch(tick: front.tick)
    record = RequestRecord(context: .unread, model: "")
  }
}

// MARK: - The channel's events

extension HTTPConnection {
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
    waitingParts.removeAll()
    if state.owesAnswer || isStreaming { giveUp() }
    state.closed()
    self.context = nil
    bodyReads?.end()
    bodyReads = nil
    context.fireChannelInactive()
  }

  /// Has reads go where bodies want them; for channels whose reads are HTTP as they come.
  func chooseMemoryOfReads() {
    let reads = BodyReads(for: self)
    // A channel that has no such option (a test's) reads as it does.
    guard (try? context?.channel.syncOptions?.setOption(.recvAllocator, value: reads)) != nil
    else { return }
    bodyReads = reads
  }

  /// What is read is HTTP as it comes, so that the socket may be told of a body's length.
  var readsBodies: Bool { bodyReads != nil }

  var memoryForNextRead: BodyMemory? { state.deliversBody ? exchange?.memoryForNextRead : nil }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    hasReadPart = true
    if waitingParts.isEmpty && state.takesParts {
      take(part)
    } else if state.phase != .closed {
      waitingParts.append(part)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    defer { hasReadPart = false }
    if !hasReadPart && state.isIdle && watch.waiting == .idle {
      // Bytes came that made no part of a request: the beginning of a head.
      headStarted = MonotonicClock.now()
      watch.wait(for: .head, tick: front.tick)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    watchStream()
    exchange?.writabilityChanged(to: context.channel.isWritable)
    context.fireChannelWritabilityChanged()
  }

  /// While an answer is computed one read stays open, as taking a socket out of the loop's interest
  /// and back costs two system calls; what it brings waits in line, and no second read follows.
  func read(context: ChannelHandlerContext) {
    if state.wantsBytes && waitingParts.isEmpty {
      context.read()
    } else {
      isReadWanted = true
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let problem = error as? HTTPParserError, state.phase != .closed else {
      context.close(promise: nil)
      return
    }
    if state.takesParts && waitingParts.isEmpty {
      refuseUnreadable(problem)
    } else {
      unreadable = problem
    }
  }
}
