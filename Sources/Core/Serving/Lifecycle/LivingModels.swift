import Inference
import Synchronization

/// What the server and its caretaker share: who is listed, who leaves, and where orders go.
final class LivingModels: Sendable {
  let surroundings: Surroundings
  let loopCount: Int
  let orders = CaretakerOrders()
  let registry = Guarded(Registry())
  /// Versions on their way out, until their memory is back.
  let retiring = Signal(RetiringModels())

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
      core.stop()
      throw error
    }
    surroundings.clock.add(core)
    surroundings.observer.happened(
      .modelLoaded(
        name: core.name, version: core.version, footprintByteCount: loaded.footprintByteCount,
        instanceCount: core.instanceCount))
    return ServedModel(core: core) { [retiring] core, number in
      retiring.update { $0.add(core, number) }
    }
  }

  // MARK: On the retiring thread

  /// Sees versions out that nobody can reach any more, until there will be none.
  func seeOut() {
    while let (key, number) = seeOutNext() {
      // Only now nothing of ours refers to it any more.
      ReturnedMemory.giveBack()
      announce(key, .gone)
      orders.give(.gone(number))
    }
  }

  private func seeOutNext() -> (ModelKey, UInt64)? {
    guard let (core, number) = retiring.sleepUntilReady({ $0.next() }) ?? nil else { return nil }
    core.beginDraining()
    _ = core.drain(until: .distantFuture)
    core.stop()
    surroundings.clock.remove(core)
    return (ModelKey(name: core.name, version: core.version), number)
  }
}
