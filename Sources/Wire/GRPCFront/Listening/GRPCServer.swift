package import FrontSupport
package import Inference
import NIOCore
import NIOPosix
import Serving
import Synchronization

/// The gRPC front: listens, spreads connections over the event loops, and ends in order.
///
/// `start`, `stopAccepting` and `close` are called in this order, from one thread that may block.
package final class GRPCServer: Sendable {
  let shared: GRPCShared
  let ground: FrontGround
  private let loops: [NIOLoopBound<GRPCLoop>]
  private let listener = Guarded<(any Channel)?>(nil)
  /// Of the ports for clients of other servers.
  let profileListeners = Guarded<[any Channel]>([])

  package init(
    settings: GRPCFrontSettings, ground: FrontGround, observer: any EventObserver,
    metrics: any FrontMetrics, repository: (any FrontRepository)? = nil,
    extensions: FrontExtensions = FrontExtensions()
  ) {
    let shared = GRPCShared(
      settings: settings, door: ground.door, workers: ground.workers, observer: observer,
      metrics: metrics, repository: repository, extensions: extensions)
    self.shared = shared
    self.ground = ground
    loops = ground.onEachLoop { eventLoop in
      let front = GRPCLoop(
        eventLoop: eventLoop, shared: shared, entrance: ground.entrance(on: eventLoop))
      front.start()
      return front
    }
  }

  /// Connections open now, and those refused since the start because there were too many.
  package var connectionCounts: (open: Int, refused: Int) {
    (shared.openConnections.count, shared.openConnections.refusedCount)
  }

  /// Begins to listen. Blocks for moments; answers at which port.
  package func start() throws(ServerFault) -> Int {
    let port = shared.settings.port
    let channel = try ground.listen(
      bootstrap, host: shared.settings.host, port: port, setting: "grpc-port")
    listener.withLock { $0 = channel }
    return channel.localAddress?.port ?? port
  }

  /// Listens no more, and tells every client to take its next calls elsewhere; a connection closes
  /// when its last call has been answered.
  package func stopAccepting() {
    let listening = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    listening?.close(promise: nil)
    stopProfiles()
    for loop in loops { loop.eventLoop.execute { loop.value.beginDraining() } }
  }

  /// Waits until the last connection has gone or `deadline` has come, then ends what is left.
  /// Answers whether nothing was left. Blocks.
  package func close(until deadline: Instant) -> Bool {
    let isClean = shared.openConnections.waitForLast(until: deadline)
    for loop in loops { loop.eventLoop.execute { loop.value.closeAll() } }
    return isClean
  }

  var bootstrap: ServerBootstrap {
    let loops = Dictionary(
      uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    let openConnections = shared.openConnections
    return ServerBootstrap(group: ground.group)
      .serverChannelOption(.backlog, value: Int32(shared.settings.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      // As in the HTTP front: turns for all connections, and large reads for large tensors.
      .childChannelOption(.maxMessagesPerRead, value: 4)
      .childChannelOption(
        .recvAllocator,
        value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2_048, maximum: 262_144)
      )
      .childChannelInitializer { channel in
        guard let front = loops[ObjectIdentifier(channel.eventLoop)] else {
          preconditionFailure("a connection on a loop that is not ours")
        }
        return channel.eventLoop.makeCompletedFuture {
          let handlers = channel.pipeline.syncOperations
          if openConnections.enter() {
            channel.closeFuture.whenComplete { _ in openConnections.leave() }
            try GRPCPipeline.install(on: handlers, front: front.value)
          } else {
            try handlers.addHandler(FullHouse())
          }
        }
      }
  }
}
