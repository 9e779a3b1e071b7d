package import Inference
import Synchronization

/// The living models, and the door to them.
///
/// Loads, routes, drains and unloads versions; requests come in through an `Entrance`. Says what
/// happens to an observer, and neither logs nor counts.
///
///     dormant ──> loading ──> ready ──> draining ──> gone
///        ^           └─> failed(reason)      │
///        └───────────────────────────────────┘ on demand
package final class InferenceServer: Sendable {
  private let living: LivingModels
  private let clockThread: NamedThread
  private let retiringThread: NamedThread
  private let caretakerThread: NamedThread

  /// - Parameter loopCount: event loops that will ask for an entrance, each with room for an
  ///   instance of every cheap model.
  package init(settings: ServingSettings, loopCount: Int, observer: any EventObserver) {
    let living = LivingModels(settings: settings, loopCount: loopCount, observer: observer)
    self.living = living
    clockThread = NamedThread(name: "serving:clock") { living.surroundings.clock.run() }
    retiringThread = NamedThread(name: "serving:retire") { living.seeOut() }
    caretakerThread = NamedThread(name: "serving:caretaker") { Caretaker(living).run() }
  }

  deinit { shutDown() }

  // MARK: Door

  /// An entrance to the models; `isEventLoop` where it will be used on one event loop only, whose
  /// thread may then run cheap models itself.
  package func makeEntrance(isEventLoop: Bool) -> Entrance {
    living.registry.withLock {
      $0.makeEntrance(isEventLoop: isEventLoop, orders: living.orders)
    }
  }

  // MARK: Models

  /// Asks for versions; returns at once. Each is loaded beside whatever has its place, and takes
  /// that place when it answers; one that fails leaves an entry that says why, and what was there.
  ///
  /// - Parameters:
  ///   - isOnDemand: loaded when a request first asks for it, and given up where another needs the
  ///     memory.
  ///   - name: where given, versions of that name which are not asked for here go as soon as one of
  ///     these answers.
  ///   - kept: versions of that name that stay as they are.
  ///   - completion: called once, on a thread that must not be kept, when all are ready or failed.
  package func load(
    _ specifications: [ModelSpecification], isOnDemand: Bool = false, replacing name: String? = nil,
    keeping kept: Set<Int64> = [], _ completion: @escaping @Sendable ([ServerFault]) -> Void
  ) {
    living.orders.give(
      .want(
        WantOrder(
          specifications: specifications, isOnDemand: isOnDemand, replaces: name, keeps: kept,
          completion: completion)))
  }

  /// Loads a version and opens it to requests. Blocks for as long as the runtime takes.
  package func load(_ specification: ModelSpecification) throws(ServerFault) {
    let ended = Signal<[ServerFault]?>(nil)
    load([specification]) { faults in ended.update { $0 = faults } }
    if let fault = ended.sleepUntilReady({ $0 })?.first { throw fault }
  }

  /// Takes a version, or all of a name, out of the routes; `completion` is called once, on a thread
  /// that must not be kept, when it has answered what it had and its memory is back.
  package func unload(
    name: String, version: Int64? = nil, _ completion: @escaping @Sendable () -> Void
  ) {
    living.orders.give(
      .unwant(UnwantOrder(name: name, version: version, completion: completion)))
  }

  /// As above; blocks until the memory is back.
  package func unload(name: String, version: Int64? = nil) {
    let ended = Signal(false)
    unload(name: name, version: version) { ended.update { $0 = true } }
    _ = ended.sleepUntilReady { $0 ? true : nil }
  }

  /// Gives versions of a model other names, or takes such names away where the version is `nil`.
  package func setAliases(
    _ aliases: [String: Int64?], of name: String
  ) throws(InferenceFailure) {
    let isKnown = living.registry.withLock { $0.setAliases(aliases, of: name) }
    guard isKnown else { throw .modelNotFound(ModelAddress(name: name), known: []) }
  }

  /// Notes why a model that is served could not be changed, or, with `nil`, that nothing hinders it any
  /// more: what the index says beside its state.
  package func noteProblem(_ problem: String?, of name: String) {
    living.registry.withLock { $0.note(problem, of: name) }
  }

  /// All versions and their states, by name and version.
  package var statuses: [ModelStatus] { living.registry.withLock { $0.statuses } }

  /// The versions of one name, ascending; empty where there is none.
  package func statuses(named name: String) -> [ModelStatus] {
    living.registry.withLock { $0.statuses(named: name) }
  }

  // MARK: Health

  /// False once so many threads are stuck in runtimes that only a restart helps.
  package var isLive: Bool { abandonedThreadCount < ServingSettings.abandonedThreadsMax }

  /// Whether new requests should come here: not draining, and every model that was asked for has a
  /// version that answers, as have those that it asks in turn.
  package var isReady: Bool { unreadiness == nil }

  /// Why the server is not ready, naming the model; `nil` while it is.
  package var unreadiness: String? {
    if !isLive { return "\(abandonedThreadCount) model threads are stuck; restart the server" }
    let (cause, cores) = living.registry.withLock { registry -> (String?, [ModelCore]) in
      if registry.isDraining { return ("the server is shutting down", []) }
      let unready = registry.unready.min { $0.name < $1.name }.map { name, state in
        FailureMessage.text(for: .modelNotReady(name: name, state: state))
      }
      let opening = registry.isOpening ? "the server is starting; it loads its models" : nil
      return (unready ?? opening, registry.cores)
    }
    return cause ?? Self.obstacle(of: cores)
  }

  private static func obstacle(of cores: [ModelCore]) -> String? {
    for core in cores {
      if let obstacle = core.loaded.obstacle { return "model \(core.name): \(obstacle)" }
    }
    return nil
  }

  /// Bytes of tensors between the door and their answers.
  package var waitingByteCount: Int { living.surroundings.waitingBytes.current }

  /// What the response cache holds and did.
  package var responseCacheFigures: ResponseCacheFigures {
    living.surroundings.responseCache.figures
  }

  /// Threads that were given up because a run would not end.
  package var abandonedThreadCount: Int {
    living.surroundings.abandonedCount.load(ordering: .relaxed)
  }

  // MARK: Beginning and end

  /// From now on `isReady` is false, until `endOpening()`: before the first model is known, none is
  /// missing, and a server that has loaded nothing would call itself ready.
  package func beginOpening() { living.registry.withLock { $0.isOpening = true } }

  /// The models of the start are loaded, or will not be.
  package func endOpening() { living.registry.withLock { $0.isOpening = false } }

  /// From now on `isReady` is false; requests are still taken.
  package func beginDraining() { living.registry.withLock { $0.isDraining = true } }

  /// Refuses new requests and answers those that were taken; what is not answered by `limit` fails.
  /// Blocks; true where everything was answered.
  package func drain(until limit: Instant) -> Bool {
    beginDraining()
    return living.registry.withLock { $0.cores }.drain(until: limit)
  }

  /// Stops every run, ends all threads and returns the memory. Blocks; runs that do not stop within
  /// `stopGraceSeconds` are given up, and so are loads. The last call.
  package func shutDown() {
    living.orders.close()
    caretakerThread.join()
    living.surroundings.retiring.update { $0.isClosing = true }
    retiringThread.join()
    let grace = Duration.seconds(living.surroundings.settings.stopGraceSeconds)
    living.end(
      living.registry.withLock { $0.cores }.graphsFirst
        + living.surroundings.retiring.withValue { $0.takeRest() },
      by: MonotonicClock.now().advanced(by: grace))
    living.registry.withLock { $0.removeAll() }
    living.surroundings.clock.stop()
    clockThread.join()
  }
}
