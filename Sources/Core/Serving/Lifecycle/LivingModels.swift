import Inference
import Synchronization

/// What the server and its caretaker share: who is listed, who leaves, and where orders go.
final class LivingModels: Sendable {
  let surroundings: Surroundings
  let loopCount: Int
  let orders = CaretakerOrders()
  let registry = Guarded(Registry())

  init(settings: ServingSettings, loopCount: Int, observer: any EventObserver) {
    let watchman = Watchman(observer: observer, orders: orders)
    surroundings = Surroundings(settings: settings, observer: watchman)
    self.loopCount = loopCount
  }

  func announce(_ key: ModelKey, _ state: ModelState) {
    surroundings.observer.happened(
      .modelStateChanged(name: key.name, version: key.version, state: state))
  }

  /// Brings a loaded model to work, beside whatever has its place now.
  func employ(
    _ loaded: any LoadedModel, _ specification: ModelSpecification
  ) throws(RuntimeFault) -> ServedModel {
    let core = try ModelCore(
      specification: specification, loaded: loaded,
      instanceCount: try InstancePlan.count(
        for: specification, model: loaded, settings: surroundings.settings),
      loopCount: loopCount, surroundings: surroundings)
    do throws(RuntimeFault) {
      try core.start()
    } catch {
      // Whatever it has opened by now is closed.
      core.beginDraining()
      core.stop()
      throw error
    }
    surroundings.clock.add(core)
    surroundings.observer.happened(
      .modelLoaded(
        name: core.name, version: core.version, footprintByteCount: loaded.footprintByteCount,
        instanceCount: core.computingInstanceCount))
    return ServedModel(core: core) { core, number in
      core.surroundings.retiring.update { $0.add(core, number) }
    }
  }

  // MARK: On the retiring thread

  /// Sees versions out that nobody can reach any more, until there will be none.
  func seeOut() {
    while let out = seeOutNext() {
      guard let (key, number) = out else { continue }
      // Only now nothing of ours refers to it any more.
      ReturnedMemory.giveBack()
      announce(key, .gone)
      orders.give(.gone(number))
    }
  }

  /// One step: `.some(nil)` where no version is out by it, `nil` where there will be no more.
  private func seeOutNext() -> (ModelKey, UInt64)?? {
    guard let step = surroundings.retiring.sleepUntilReady({ $0.next() }) ?? nil else { return nil }
    switch step {
    case .drain(let core):
      core.beginDraining()
      return .some(nil)
    case .seeOut(let core, let number):
      core.stop()
      surroundings.clock.remove(core)
      return (ModelKey(name: core.name, version: core.version), number)
    }
  }

  // MARK: The end

  /// Refuses what waits, stops what runs, and ends the threads. Blocks; what has not stopped by
  /// `limit` is given up.
  func end(_ cores: [ModelCore], by limit: Instant) {
    for core in cores { core.beginDraining() }
    for core in cores { _ = core.drain(until: MonotonicClock.now()) }
    // All are told before any is waited for: a graph ends when its models do.
    for core in cores { core.beginStopping() }
    for core in cores {
      core.stop(by: limit)
      surroundings.clock.remove(core)
    }
  }
}
