package import FrontSupport
package import Inference
import NIOCore
import NIOHTTP1
import NIOPosix
package import Serving
import Synchronization
import Transport

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
  /// The file of our Unix socket, as it was bound.
  private let socketFile = Guarded<UnixSocket.Identity?>(nil)

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
  package func start() throws(ServerFault) -> [BoundAddress] {
    shared.workers.start()
    var bound = [try listen(port: shared.settings.port, isMetricsOnly: false)]
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
    if let socket = shared.settings.socket, let bound = socketFile.withLock({ $0 }) {
      socket.remove(bound)
    }
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
    port: Int, isMetricsOnly: Bool, profile: Dialect? = nil
  ) throws(ServerFault) -> BoundAddress {
    // Scrapers of metrics mostly speak plain HTTP, and the port gives nothing else away.
    let tls = isMetricsOnly ? nil : shared.settings.tls
    let bootstrap = bootstrap(isMetricsOnly: isMetricsOnly, profile: profile, tls: tls)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    let channel = try ground.listen(
      bootstrap, host: shared.settings.host, port: port,
      setting: isMetricsOnly ? "metrics-port" : "http-port")
    listeners.withLock { $0.append(channel) }
    return BoundAddress(
      host: shared.settings.host, port: channel.localAddress?.port ?? port,
      isMetricsOnly: isMetricsOnly, profile: profile, isEncrypted: tls != nil)
  }

  private func listen(on socket: UnixSocket) throws(ServerFault) -> BoundAddress {
    try socket.prepare()
    try socket.binding { () throws(ServerFault) in
      let bootstrap = bootstrap(isMetricsOnly: false, profile: nil, tls: nil)
      switch ground.wait(for: bootstrap.bind(unixDomainSocketPath: socket.path)) {
      case .success(let channel): listeners.withLock { $0.append(channel) }
      case .failure(let error):
        throw .configurationInvalid(file: socket.path, reason: "cannot listen there: \(error)")
      }
    }
    socketFile.withLock { $0 = socket.identity }
    return BoundAddress(host: "", port: 0, isMetricsOnly: false, socketPath: socket.path)
  }

  private func bootstrap(
    isMetricsOnly: Bool, profile: Dialect?, tls: TLSContexts?
  ) -> ServerBootstrap {
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
          if openConnections.enter() {
            channel.closeFuture.whenComplete { _ in openConnections.leave() }
            let install = {
              try HTTPPipeline.install(
                on: handlers, front: front.value, limits: limits, isMetricsOnly: isMetricsOnly,
                isEncrypted: tls != nil, profile: profile)
            }
            if let tls {
              try TLSPipeline.install(on: handlers, tls) { _ in try install() }
            } else {
              try install()
            }
          } else {
            try handlers.addHandler(FullHouse(limits: limits))
          }
        }
      }
  }
}
