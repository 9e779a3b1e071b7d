import Glibc
package import Inference
import NIOConcurrencyHelpers
package import NIOCore
package import NIOPosix
package import Serving
import Synchronization
package import Transport

/// What all fronts of one server stand on: the event loops, an entrance to the models for each of
/// them, and the workers.
///
/// Made, and shut down, on a thread that may block. `shutDown` comes last, when no front listens.
package final class FrontGround: Sendable {
  package let group: MultiThreadedEventLoopGroup
  package let workers: WorkerPool
  package let door: InferenceServer
  private let entrances: [ObjectIdentifier: Entrance]
  private let loopCount: Int

  /// What an event loop does at a time is short, and others wait for it.
  private static let turnNanoseconds: UInt64 = 100_000

  package init(loopCount: Int, workerCount: Int, door: InferenceServer) {
    self.loopCount = loopCount
    self.door = door
    group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
    workers = WorkerPool(threadCount: workerCount)
    entrances = Dictionary(
      uniqueKeysWithValues: group.makeIterator().map {
        (ObjectIdentifier($0), door.makeEntrance(isEventLoop: true))
      })
    for eventLoop in group.makeIterator() {
      eventLoop.execute { NamedThread.wantTurns(ofNanoseconds: Self.turnNanoseconds) }
    }
  }

  /// The entrance that belongs to an event loop; to be used on that loop only.
  package func entrance(on eventLoop: any EventLoop) -> Entrance {
    guard let entrance = entrances[ObjectIdentifier(eventLoop)] else {
      preconditionFailure("an event loop that is not ours")
    }
    return entrance
  }

  /// Makes something for each loop, on the loop that will use it. Blocks for moments.
  package func onEachLoop<Part>(
    _ make: @escaping @Sendable (any EventLoop) -> Part
  ) -> [NIOLoopBound<Part>] {
    let made = Guarded<[NIOLoopBound<Part>]>([])
    let areMade = ConditionLock(value: false)
    for eventLoop in group.makeIterator() {
      eventLoop.execute {
        let part = NIOLoopBound(make(eventLoop), eventLoop: eventLoop)
        let count = made.withLock { made in
          made.append(part)
          return made.count
        }
        if count == self.loopCount {
          areMade.lock()
          areMade.unlock(withValue: true)
        }
      }
    }
    areMade.lock(whenValue: true)
    areMade.unlock()
    return made.withLock { $0 }
  }

  /// Opens a port, whose connections send what is written at once and are closed by the system when
  /// their peer has been gone for four minutes. Blocks for moments; `setting` names the port in a
  /// fault's words.
  package func listen(
    _ bootstrap: ServerBootstrap, host: String, port: Int, setting: String
  ) throws(ServerFault) -> any Channel {
    let bootstrap = ConnectionKeepAlive.set(on: bootstrap)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    switch wait(for: bootstrap.bind(host: host, port: port)) {
    case .success(let channel): return channel
    case .failure(let error):
      if let error = error as? IOError, error.errnoCode == EADDRINUSE {
        throw .portTaken(port: port)
      }
      throw .configurationInvalid(
        file: setting, reason: "cannot listen on \(host):\(port): \(error)")
    }
  }

  /// Opens a Unix-domain socket. Blocks for moments.
  package func listen(
    _ bootstrap: ServerBootstrap, on socket: UnixSocket
  ) throws(ServerFault) -> BoundSocket {
    try socket.prepare()
    let channel = try socket.binding { () throws(ServerFault) in
      switch wait(for: bootstrap.bind(unixDomainSocketPath: socket.path)) {
      case .success(let channel): return channel
      case .failure(let error):
        throw .configurationInvalid(file: socket.path, reason: "cannot listen there: \(error)")
      }
    }
    return BoundSocket(channel, at: socket)
  }

  /// Blocks until a listener is bound.
  private func wait(
    for binding: EventLoopFuture<any Channel>
  ) -> Result<any Channel, any Error> {
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
    return outcome
  }

  /// Ends the workers and the loops. Blocks.
  package func shutDown() {
    workers.stop()
    let ended = ConditionLock(value: false)
    group.shutdownGracefully { _ in
      ended.lock()
      ended.unlock(withValue: true)
    }
    ended.lock(whenValue: true)
    ended.unlock()
  }
}

/// TCP's own questions to a silent peer, which its system answers: they find one that has gone without
/// a word, so that it does not keep its call and its place for ever.
private enum ConnectionKeepAlive {
  /// Of silence before the first question.
  private static let idleSeconds = 120
  private static let intervalSeconds = 30
  /// Questions without an answer.
  private static let questionsMax = 4

  static func set(on bootstrap: ServerBootstrap) -> ServerBootstrap {
    bootstrap
      .childChannelOption(.socketOption(.so_keepalive), value: 1)
      .childChannelOption(option(TCP_KEEPIDLE), value: idleSeconds)
      .childChannelOption(option(TCP_KEEPINTVL), value: intervalSeconds)
      .childChannelOption(option(TCP_KEEPCNT), value: questionsMax)
  }

  private static func option(_ name: CInt) -> ChannelOptions.Types.SocketOption {
    .tcpOption(NIOBSDSocket.Option(rawValue: name))
  }
}
