package import FrontSupport
package import Inference
import NIOCore
import NIOPosix
import Serving
import Synchronization
package import Transport

/// Where the front listens, beside the ports of other fronts.
package struct GRPCAddresses: Sendable, Equatable {
  /// `nil` where it has no port of its own.
  package var port: Int?
  package var isEncrypted = false
  /// The file of a Unix-domain socket.
  package var socketPath: String?
}

/// The gRPC front: listens, spreads connections over the event loops, and ends in order.
///
/// `start`, `stopAccepting` and `close` are called in this order, from one thread that may block.
package final class GRPCServer: Sendable {
  let shared: GRPCShared
  let ground: FrontGround
  private let loops: [ObjectIdentifier: NIOLoopBound<GRPCLoop>]
  private let listener = Guarded<(any Channel)?>(nil)
  private let socket = Guarded<BoundSocket?>(nil)
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
    let made = ground.onEachLoop { eventLoop in
      let front = GRPCLoop(
        eventLoop: eventLoop, shared: shared, entrance: ground.entrance(on: eventLoop))
      front.start()
      return front
    }
    loops = Dictionary(uniqueKeysWithValues: made.map { (ObjectIdentifier($0.eventLoop), $0) })
  }

  /// Connections open now, and those refused since the start because there were too many.
  package var connectionCounts: (open: Int, refused: Int) {
    (shared.openConnections.count, shared.openConnections.refusedCount)
  }

  /// Bytes of messages and of large answers that are held now.
  package var heldByteCount: Int { shared.heldBytes.byteCount }

  /// Begins to listen. Blocks for moments; answers where.
  package func start() throws(ServerFault) -> GRPCAddresses {
    var addresses = GRPCAddresses()
    if let port = shared.settings.port {
      let channel = try ground.listen(
        portBootstrap, host: shared.settings.host, port: port, setting: "grpc-port")
      listener.withLock { $0 = channel }
      addresses.port = channel.localAddress?.port ?? port
      addresses.isEncrypted = shared.settings.tls != nil
    }
    if let socket = shared.settings.socket {
      let bound = try ground.listen(bootstrap(isEncrypted: false), on: socket)
      self.socket.withLock { $0 = bound }
      addresses.socketPath = socket.path
    }
    return addresses
  }

  /// Listens no more, and tells every client to take its next calls elsewhere; a connection closes
  /// when its last call has been answered.
  package func stopAccepting() {
    let listening = listener.withLock { listener in
      defer { listener = nil }
      return listener
    }
    listening?.close(promise: nil)
    socket.withLock { $0 }?.close()
    stopProfiles()
    for loop in loops.values { loop.eventLoop.execute { loop.value.beginDraining() } }
  }

  /// Waits until the last connection has gone or `deadline` has come, then ends what is left.
  /// Answers whether nothing was left. Blocks.
  package func close(until deadline: Instant) -> Bool {
    let isClean = shared.openConnections.waitForLast(until: deadline)
    for loop in loops.values { loop.eventLoop.execute { loop.value.closeAll() } }
    return isClean
  }
}

// MARK: - Connections

extension GRPCServer {
  /// Of ports, which speak TLS where there is a certificate.
  var portBootstrap: ServerBootstrap {
    bootstrap(isEncrypted: shared.settings.tls != nil)
  }

  private func bootstrap(isEncrypted: Bool) -> ServerBootstrap {
    let tls = isEncrypted ? shared.settings.tls : nil
    return ServerBootstrap(group: ground.group)
      .serverChannelOption(.backlog, value: Int32(shared.settings.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let tls else {
            try self.take(channel, isEncrypted: false)
            return
          }
          try TLSPipeline.install(on: channel.pipeline.syncOperations, tls, .http2) { isHTTP2 in
            if isHTTP2 {
              try self.take(channel, isEncrypted: true)
            } else {
              try channel.pipeline.syncOperations.addHandler(NoHTTP2())
            }
          }
        }
      }
  }

  /// Takes connections that come through the port of another front of the same ground.
  package var asGuest: HTTP2Guest { { try self.take($0, isEncrypted: true) } }

  /// Makes a connection one of ours, which HTTP/2 follows. On the channel's loop.
  private func take(_ channel: any Channel, isEncrypted: Bool) throws {
    guard let front = loops[ObjectIdentifier(channel.eventLoop)] else {
      preconditionFailure("a connection on a loop that is not ours")
    }
    let handlers = channel.pipeline.syncOperations
    guard shared.openConnections.takePlace(for: channel) != nil else {
      try handlers.addHandler(FullHouse())
      return
    }
    // Large reads for large tensors.
    try channel.syncOptions?.setOption(.maxMessagesPerRead, value: GRPCPipeline.readsPerTurn)
    try channel.syncOptions?.setOption(
      .recvAllocator,
      value: AdaptiveRecvByteBufferAllocator(minimum: 64, initial: 2_048, maximum: 262_144))
    try GRPCPipeline.install(on: handlers, front: front.value, isEncrypted: isEncrypted)
  }
}
