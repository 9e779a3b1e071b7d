package import FrontSupport
package import Inference
import NIOCore
import NIOHTTP1
import NIOPosix
package import Serving
import Synchronization
package import Transport

/// Where the front listens.
package struct BoundAddress: Sendable, Equatable {
  package let host: String
  /// 0 for a Unix socket.
  package let port: Int
  package let isMetricsOnly: Bool
  /// What its clients speak, where it is not for all.
  package var profile: Dialect?
  package var isEncrypted = false
  /// The file of a Unix socket.
  package var socketPath: String?
}

/// The HTTP front: listens, spreads connections over event loops, and ends in order.
///
/// `start`, `stopAccepting` and `close` are called in this order, from one thread that may block.
package final class HTTPServer: Sendable {
  private let shared: FrontShared
  /// What other fronts of this server stand on, too.
  package let ground: FrontGround
  private let loops: [NIOLoopBound<FrontLoop>]
  private let listeners = Guarded<[any Channel]>([])
  private let socket = Guarded<BoundSocket?>(nil)

  package init(
    settings: HTTPFrontSettings, door: InferenceServer, observer: any EventObserver,
    pages: any FrontPages, metrics: any FrontMetrics,
    repository: (any FrontRepository)? = nil, extensions: FrontExtensions = FrontExtensions()
  ) {
    let ground = FrontGround(
      loopCount: settings.loops, workerCount: settings.workerThreads, door: door)
    shared = FrontShared(
      settings: settings, door: door, observer: observer, pages: pages, metrics: metrics,
      repository: repository, workers: ground.workers, extensions: extensions)
    self.ground = ground
    loops = ground.onEachLoop { [shared] eventLoop in
      let front = FrontLoop(
        eventLoop: eventLoop, shared: shared, entrance: ground.entrance(on: eventLoop))
      front.start()
      return front
    }
  }

  /// Connections open now, and those refused since the start because there were too many.
  package var connectionCounts: (open: Int, refused: Int) {
    (shared.openConnections.count, shared.openConnections.refusedCount)
  }

  /// Begins to listen. Blocks for moments; answers where, with the real ports.
  ///
  /// - Parameter guest: who answers HTTP/2 within TLS, on the port that is for all; `nil` offers
  ///   clients HTTP/1.1 alone.
  package func start(guest: HTTP2Guest? = nil) throws(ServerFault) -> [BoundAddress] {
    shared.workers.start()
    var bound = [try listen(port: shared.settings.port, isMetricsOnly: false, guest: guest)]
    for (port, dialect, isMetricsOnly) in shared.settings.profilePorts {
      bound.append(try listen(port: port, isMetricsOnly: isMetricsOnly, profile: dialect))
    }
    if let port = shared.settings.metricsPort {
      bound.append(try listen(port: port, isMetricsOnly: true))
    }
    if let socket = shared.settings.socket { bound.append(try listen(on: socket)) }
    return bound
  }

  /// Listens no more, closes idle connections; those with a request in hand close after its answer.
  package func stopAccepting() {
    let listening = listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    for listener in listening { listener.close(promise: nil) }
    socket.withLock { $0 }?.close()
    for loop in loops { loop.eventLoop.execute { loop.value.beginDraining() } }
  }

  /// Waits until the last connection has gone or `deadline` has come, then ends what is left.
  /// Answers whether nothing was left. Blocks.
  package func close(until deadline: Instant) -> Bool {
    let isClean = shared.openConnections.waitForLast(until: deadline)
    for loop in loops { loop.eventLoop.execute { loop.value.closeAll() } }
    ground.shutDown()
    return isClean
  }
}

// MARK: - Opening

extension HTTPServer {
  private func listen(
    port: Int, isMetricsOnly: Bool, profile: Dialect? = nil, guest: HTTP2Guest? = nil
  ) throws(ServerFault) -> BoundAddress {
    // Scrapers of metrics mostly speak plain HTTP, and the port gives nothing else away.
    let tls = isMetricsOnly ? nil : shared.settings.tls
    let kind = ListenerKind(isMetricsOnly: isMetricsOnly, profile: profile, tls: tls, guest: guest)
    let channel = try ground.listen(
      bootstrap(kind), host: shared.settings.host, port: port,
      setting: isMetricsOnly ? "metrics-port" : "http-port")
    listeners.withLock { $0.append(channel) }
    return BoundAddress(
      host: shared.settings.host, port: channel.localAddress?.port ?? port,
      isMetricsOnly: isMetricsOnly, profile: profile, isEncrypted: tls != nil)
  }

  private func listen(on socket: UnixSocket) throws(ServerFault) -> BoundAddress {
    let bound = try ground.listen(bootstrap(ListenerKind()), on: socket)
    self.socket.withLock { $0 = bound }
    return BoundAddress(host: "", port: 0, isMetricsOnly: false, socketPath: socket.path)
  }

  private func bootstrap(_ kind: ListenerKind) -> ServerBootstrap {
    let loops = Dictionary(
      uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    let openConnections = shared.openConnections
    let limits = shared.settings.limits
    return ServerBootstrap(group: ground.group)
      .serverChannelOption(.backlog, value: Int32(shared.settings.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.maxMessagesPerRead, value: BodyReads.readsPerTurn)
      .childChannelInitializer { channel in
        guard let front = loops[ObjectIdentifier(channel.eventLoop)] else {
          preconditionFailure("a connection on a loop that is not ours")
        }
        return channel.eventLoop.makeCompletedFuture {
          let handlers = channel.pipeline.syncOperations
          guard let place = openConnections.takePlace(for: channel) else {
            try handlers.addHandler(FullHouse(limits: limits))
            return
          }
          guard let tls = kind.tls else {
            try HTTPPipeline.install(on: handlers, front: front.value, limits: limits, kind)
            return
          }
          try TLSPipeline.install(on: handlers, tls, kind.offer) { isHTTP2 in
            if isHTTP2, let guest = kind.guest {
              place.giveBack()
              try guest(channel)
            } else {
              try HTTPPipeline.install(on: handlers, front: front.value, limits: limits, kind)
            }
          }
        }
      }
  }
}
