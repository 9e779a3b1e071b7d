package import Inference
import NIOConcurrencyHelpers
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
  private let group: MultiThreadedEventLoopGroup
  private let loops: [NIOLoopBound<FrontLoop>]
  private let listeners = Guarded<[any Channel]>([])
  /// The file of our Unix socket, as it was bound.
  private let socketFile = Guarded<UnixSocket.Identity?>(nil)

  package init(
    settings: HTTPFrontSettings, door: InferenceServer, observer: any EventObserver,
    pages: any FrontPages, metrics: any FrontMetrics,
    repository: (any FrontRepository)? = nil, extensions: FrontExtensions = FrontExtensions()
  ) {
    shared = FrontShared(
      settings: settings, door: door, observer: observer, pages: pages, metrics: metrics,
      repository: repository, extensions: extensions)
    group = MultiThreadedEventLoopGroup(numberOfThreads: settings.loops)
    loops = Self.makeLoops(group, shared)
  }

  /// Connections open now, and those refused since the start because there were too many.
  package var connectionCounts: (open: Int, refused: Int) {
    (shared.openConnections.count, shared.openConnections.refusedCount)
  }

  /// Bytes of request bodies that are being collected now.
  package var collectedByteCount: Int { shared.collectedBytes.byteCount }

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
    shared.workers.stop()
    let ended = ConditionLock(value: false)
    group.shutdownGracefully { _ in
      ended.lock()
      ended.unlock(withValue: true)
    }
    ended.lock(whenValue: true)
    ended.unlock()
    return isClean
  }
}

// MARK: - Opening

extension HTTPServer {
  /// Each loop's own part is made on the loop that will use it.
  private static func makeLoops(
    _ group: MultiThreadedEventLoopGroup, _ shared: FrontShared
  ) -> [NIOLoopBound<FrontLoop>] {
    let made = Guarded<[NIOLoopBound<FrontLoop>]>([])
    let areMade = ConditionLock(value: false)
    for eventLoop in group.makeIterator() {
      eventLoop.execute {
        let front = FrontLoop(eventLoop: eventLoop, shared: shared)
        front.start()
        let count = made.withLock { made in
          made.append(NIOLoopBound(front, eventLoop: eventLoop))
          return made.count
        }
        if count == shared.settings.loops {
          areMade.lock()
          areMade.unlock(withValue: true)
        }
      }
    }
    areMade.lock(whenValue: true)
    areMade.unlock()
    return made.withLock { $0 }
  }

  private func listen(
    port: Int, isMetricsOnly: Bool, profile: Dialect? = nil
  ) throws(ServerFault) -> BoundAddress {
    // Scrapers of metrics mostly speak plain HTTP, and the port gives nothing else away.
    let tls = isMetricsOnly ? nil : shared.settings.tls
    let bootstrap = bootstrap(isMetricsOnly: isMetricsOnly, profile: profile, tls: tls)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    let channel: any Channel
    switch wait(for: bootstrap.bind(host: shared.settings.host, port: port)) {
    case .success(let bound): channel = bound
    case .failure(let error): throw fault(of: error, port: port)
    }
    return BoundAddress(
      host: shared.settings.host, port: channel.localAddress?.port ?? port,
      isMetricsOnly: isMetricsOnly, profile: profile, isEncrypted: tls != nil)
  }

  private func listen(on socket: UnixSocket) throws(ServerFault) -> BoundAddress {
    try socket.prepare()
    try socket.binding { () throws(ServerFault) in
      let bootstrap = bootstrap(isMetricsOnly: false, profile: nil, tls: nil)
      if case .failure(let error) = wait(for: bootstrap.bind(unixDomainSocketPath: socket.path)) {
        throw .configurationInvalid(
          file: socket.path, reason: "cannot listen there: \(error)")
      }
    }
    socketFile.withLock { $0 = socket.identity }
    return BoundAddress(host: "", port: 0, isMetricsOnly: false, socketPath: socket.path)
  }

  /// Blocks until a listener is bound, and keeps it.
  private func wait(for binding: EventLoopFuture<any Channel>) -> Result<any Channel, any Error> {
    let result = Guarded<Result<any Channel, any Error>?>(nil)
    let done = ConditionLock(value: false)
    binding.whenComplete { outcome in
      result.withLock { $0 = outcome }
      done.lock()
      done.unlock(withValue: true)
    }
    done.lock(whenValue: true)
    done.unlock()
    guard let outcome = result.withLock({ $0 }) else {
      preconditionFailure("bind ended without a result")
    }
    if case .success(let channel) = outcome { listeners.withLock { $0.append(channel) } }
    return outcome
  }

  private func fault(of error: any Error, port: Int) -> ServerFault {
    if let error = error as? IOError, error.errnoCode == EADDRINUSE {
      return .portTaken(port: port)
    }
    return .configurationInvalid(
      file: "http-port", reason: "cannot listen on \(shared.settings.host):\(port): \(error)")
  }

  private func bootstrap(
    isMetricsOnly: Bool, profile: Dialect?, tls: TLSContexts?
  ) -> ServerBootstrap {
    let loops = Dictionary(
      uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    let openConnections = shared.openConnections
    let limits = shared.settings.limits
    return ServerBootstrap(group: group)
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
