package import Inference
import Synchronization

/// The living models, and the door to them.
///
/// Loads, routes, drains and unloads versions; requests come in through an `Entrance`. Says what
/// happens to an observer, and neither logs nor counts.
///
///     loading ──> ready ──> draining ──> gone
///        └─> failed(reason)
package final class InferenceServer: Sendable {
  private let surroundings: Surroundings
  private let loopCount: Int
  private let registry = Guarded(Registry())
  /// Versions on their way out, until their memory is back.
  private let retiring = Signal(RetiringModels())
  private let loading = Guarded(())
  private let clockThread: NamedThread
  private let retiringThread: NamedThread

  /// - Parameter loopCount: event loops that will ask for an entrance, each with room for an
  ///   instance of every cheap model.
  package init(settings: ServingSettings, loopCount: Int, observer: any EventObserver) {
    let surroundings = Surroundings(settings: settings, observer: observer)
    let retiring = self.retiring
    self.surroundings = surroundings
    self.loopCount = loopCount
    self.clockThread = NamedThread(name: "serving:clock") { surroundings.clock.run() }
    self.retiringThread = NamedThread(name: "serving:retire") {
      while let core = retiring.sleepUntilReady({ $0.next() }) ?? nil {
        core.beginDraining()
        _ = core.drain(until: .distantFuture)
        core.stop()
        surroundings.clock.remove(core)
        retiring.update { $0.isGone(core) }
        surroundings.observer.happened(
          .modelStateChanged(name: core.name, version: core.version, state: .gone))
      }
    }
  }

  deinit { shutDown() }

  // MARK: Door

  /// An entrance to the models; `isEventLoop` where it will be used on one event loop only, whose
  /// thread may then run cheap models itself.
  package func makeEntrance(isEventLoop: Bool) -> Entrance {
    registry.withLock { $0.makeEntrance(isEventLoop: isEventLoop) }
  }

  // MARK: Models

  /// Loads a version and opens it to requests. Blocks for as long as the runtime takes; one load
  /// happens at a time. A failed load leaves an entry that says why.
  package func load(_ specification: ModelSpecification) throws(ServerFault) {
    let key = ModelKey(name: specification.name, version: specification.version)
    change(key, to: .loading, specification)
    do throws(ServerFault) {
      let model = try loading.withLock { _ throws(ServerFault) in
        try open(specification)
      }
      // The version that it replaces, if any, is let go of outside the lock.
      let replaced = registry.withLock { $0.publish(model, at: key) }
      _ = replaced
      announce(key, .ready)
    } catch {
      change(key, to: .failed(reason: "\(error)"), specification)
      throw error
    }
  }

  /// Takes a version, or all of a name, out of the routes, and waits until it has answered what it
  /// had and its memory is returned.
  package func unload(name: String, version: Int64? = nil) {
    var leaving = registry.withLock { $0.close(name: name, version: version) }
    let cores = leaving.map { ObjectIdentifier($0.core) }
    for model in leaving {
      announce(ModelKey(name: model.core.name, version: model.core.version), .draining)
    }
    retiring.update { $0.expect(cores) }
    leaving.removeAll()
    _ = retiring.sleepUntilReady { $0.expects(cores) ? nil : true }
    MemoryPool.shared.trim()
  }

  /// All versions and their states, by name and version.
  package var statuses: [ModelStatus] {
    registry.withLock { $0.statuses }
  }

  private func open(_ specification: ModelSpecification) throws(ServerFault) -> ServedModel {
    do throws(RuntimeFault) {
      var options = specification.options
      options.callerCount = InstancePlan.wanted(
        for: specification, settings: surroundings.settings)
      let loaded = try declared(
        specification.loader.load(specification.source, options: options), specification)
      let core = try ModelCore(
        specification: specification, loaded: loaded,
        instanceCount: try InstancePlan.count(
          for: specification, model: loaded, settings: surroundings.settings),
        loopCount: loopCount, surroundings: surroundings)
      try core.start()
      surroundings.clock.add(core)
      surroundings.observer.happened(
        .modelLoaded(
          name: core.name, version: core.version, footprintByteCount: loaded.footprintByteCount,
          instanceCount: core.instanceCount))
      return ServedModel(core: core) { [retiring] core in retiring.update { $0.add(core) } }
    } catch {
      throw .modelLoadFailed(
        model: specification.name, file: specification.source.name, error)
    }
  }

  /// The model as its operator declared it, where anything was declared.
  private func declared(
    _ model: any LoadedModel, _ specification: ModelSpecification
  ) throws(RuntimeFault) -> any LoadedModel {
    guard let declared = specification.declared else { return model }
    guard let computing = model as? any ComputingModel else {
      throw RuntimeFault(
        code: .invalidModel,
        message: "inputs and outputs can be declared for models that compute here only")
    }
    do {
      return try DeclaredModel(computing, as: declared)
    } catch {
      throw RuntimeFault(code: .invalidModel, message: error.sentence)
    }
  }

  private func change(
    _ key: ModelKey, to state: ModelState, _ specification: ModelSpecification
  ) {
    registry.withLock { $0.set(state, at: key, specification: specification) }
    announce(key, state)
  }

  private func announce(_ key: ModelKey, _ state: ModelState) {
    surroundings.observer.happened(
      .modelStateChanged(name: key.name, version: key.version, state: state))
  }

  // MARK: Health

  /// False once so many threads are stuck in runtimes that only a restart helps.
  package var isLive: Bool {
    surroundings.abandonedCount.load(ordering: .relaxed) < ServingSettings.abandonedThreadsMax
  }

  /// Whether new requests should come here: not draining, and every model that was asked for is
  /// ready, as are those that it asks in turn.
  package var isReady: Bool {
    guard isLive, registry.withLock({ $0.isReady }) else { return false }
    return registry.withLock { $0.cores }.allSatisfy { $0.loaded.obstacle == nil }
  }

  /// Bytes of tensors between the door and their answers.
  package var waitingByteCount: Int { surroundings.waitingBytes.current }

  /// Threads that were given up because a run would not end.
  package var abandonedThreadCount: Int { surroundings.abandonedCount.load(ordering: .relaxed) }

  // MARK: End

  /// From now on `isReady` is false; requests are still taken.
  package func beginDraining() { registry.withLock { $0.isDraining = true } }

  /// Refuses new requests and answers those that were taken; what is not answered by `limit` fails.
  /// Blocks; true where everything was answered.
  package func drain(until limit: Instant) -> Bool {
    beginDraining()
    return registry.withLock { $0.cores }.drain(until: limit)
  }

  /// Stops every run, ends all threads and returns the memory. Blocks. The last call.
  package func shutDown() {
    for core in registry.withLock({ $0.cores }).graphsFirst {
      core.beginDraining()
      _ = core.drain(until: MonotonicClock.now())
      core.stop()
      surroundings.clock.remove(core)
    }
    registry.withLock { $0.removeAll() }
    retiring.update { $0.isClosing = true }
    retiringThread.join()
    surroundings.clock.stop()
    clockThread.join()
  }
}
