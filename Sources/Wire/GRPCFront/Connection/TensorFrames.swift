import NIOCore
import WireFormats

/// Stands before the HTTP/2 handler and takes the bytes of tensors past it, which saves a copy of
/// each; sends the few frames that go past it, too. On the connection's event loop.
final class TensorFrames: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let connection: GRPCConnection
  private var diversion: FrameDiversion
  private var context: ChannelHandlerContext?
  private var reads: TensorReads?
  private var areReadsDirected = false

  /// Less than this is as soon copied, and read together with what follows.
  private static let readBytesMin = 128 << 10

  init(_ connection: GRPCConnection) {
    self.connection = connection
    diversion = FrameDiversion(frameBytesMax: connection.front.limits.frameBytesMax)
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  /// Has reads go where tensors want them; for channels whose reads are HTTP/2 as they come.
  func chooseMemoryOfReads() throws {
    let reads = TensorReads(for: self)
    try context?.channel.syncOptions?.setOption(.recvAllocator, value: reads)
    self.reads = reads
  }

  /// Where the bytes belong that come next, where they are many and all of one tensor.
  var memoryForNextRead: BodyMemory? {
    guard areReadsDirected, let (id, byteCount) = diversion.taking else { return nil }
    return connection.openMemory(of: id)?.prefix(byteCount)
  }

  /// NIO keeps as many buffers for reuse as it reads times in a turn, the first ones, and none of a
  /// tensor may be among them: it would be written to again while a model reads the tensor. So while
  /// reads go to tensors there is one in a turn, and the buffer that is kept is from before.
  private func directReads() {
    guard let options = context?.channel.syncOptions, reads != nil else { return }
    let areWanted = diversion.taking.map { $0.byteCount >= Self.readBytesMin } ?? false
    guard areWanted != areReadsDirected else { return }
    let count: UInt = areWanted ? 1 : GRPCPipeline.readsPerTurn
    areReadsDirected =
      (try? options.setOption(.maxMessagesPerRead, value: count)) != nil && areWanted
  }

  func channelInactive(context: ChannelHandlerContext) {
    self.context = nil
    reads?.end()
    reads = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    while let piece = diversion.next(&bytes, wish: connection.wish) {
      switch piece {
      case .pass(let part): context.fireChannelRead(wrapInboundOut(part))
      case .take(let part, let id): connection.take(part, of: id)
      }
    }
    directReads()
  }

  /// Sends WINDOW_UPDATE past the HTTP/2 handler, in whose account these bytes are still there; 0 is the
  /// connection.
  func openWindow(_ id: UInt32, by byteCount: Int) {
    guard byteCount > 0 else { return }
    var frame = ByteBuffer()
    frame.writeMultipleIntegers(
      UInt8(0), UInt16(4), UInt8(8), UInt8(0), id, UInt32(byteCount))
    send(frame)
  }

  /// Sends GOAWAY that names no last call, past the HTTP/2 handler: where no call is open, that would
  /// refuse those which the client has sent before it heard.
  func announceLeaving() {
    var frame = ByteBuffer()
    frame.writeMultipleIntegers(UInt8(0), UInt16(8), UInt8(7), UInt8(0), UInt32(0))
    frame.writeMultipleIntegers(UInt32(Int32.max), UInt32(0))
    send(frame)
  }

  private func send(_ frame: ByteBuffer) {
    context?.writeAndFlush(wrapOutboundOut(frame), promise: nil)
  }
}
