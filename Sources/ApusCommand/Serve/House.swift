import Glibc
import GraphSteps
import HTTPFront
import Inference
import ModelStore
import Monitoring
import Serving
import Settings

/// All rooms of one server: built once, opened in order, closed in reverse.
final class House: Sendable {
  private let settings: ServeSettings
  private let plans: [ModelPlan]
  private let log: ServerLog
  private let metrics: Metrics
  private let door: InferenceServer
  private let loaders: Loaders
  private let graphs: GraphWorkshop
  private let front: HTTPServer

  /// Builds everything; nothing listens and no model is loaded yet.
  init(models: [String], settings: ServeSettings) throws(ServerFault) {
    self.settings = settings
    Allocator.keepLargeBlocks()
    plans =
      models.isEmpty
      ? ModelPlans.demos(settings: settings) : try ModelPlans.find(models, settings: settings)
    log = ServerLog(settings.logSettings)
    metrics = Metrics(
      version: Version.text, coreCount: settings.machine.cores, limits: settings.limits)
    let observer = MonitoringObserver(
      metrics: metrics, accessLog: settings.accessLog(into: log), log: log)
    door = InferenceServer(
      settings: settings.servingSettings, loopCount: settings.loops, observer: observer)
    loaders = Loaders(settings: settings)
    graphs = GraphWorkshop(
      server: door, workerCount: settings.machine.cores, make: BuiltInSteps.make)
    front = HTTPServer(
      settings: settings.frontSettings(for: plans), door: door, observer: observer,
      pages: EmbeddedPages(),
      metrics: MetricsOfHouse(metrics))
    metrics.watch(door: door, front: front, log: log)
  }

  /// Listens, then loads the models; live meanwhile, and ready at the end.
  func open() throws(ServerFault) {
    let ordered = try inOrder(plans)
    if let limit = MachineLimits.raiseOpenFileLimit(), limit < settings.connectionsMax {
      log.write(.warn, "the system allows only \(limit) open files, below connections-max")
    }
    let addresses = try front.start()
    var failures: [ServerFault] = []
    for plan in ordered {
      for warning in plan.warnings { log.write(.warn, warning) }
      do throws(ServerFault) {
        try door.load(specification(of: plan))
      } catch {
        failures.append(error)
        Terminal.complain("\(error)")
      }
    }
    if let failure = failures.first, failures.count == plans.count {
      close(within: .zero)
      throw failure
    }
    StartLines(addresses: addresses, statuses: door.statuses, settings: settings).tell()
  }

  /// Models before the graphs that ask them.
  private func inOrder(_ plans: [ModelPlan]) throws(ServerFault) -> [ModelPlan] {
    let entries = plans.map { plan in
      LoadOrder.Entry(name: plan.name, needs: Set(plan.graph?.models.map(\.name) ?? []))
    }
    return try LoadOrder.places(of: entries).map { plans[$0] }
  }

  private func specification(of plan: ModelPlan) -> ModelSpecification {
    guard let graph = plan.graph else {
      return plan.specification(loader: loaders.loader(for: plan))
    }
    let loader = graphs.loader(of: graph, named: plan.name, rowsMax: plan.declared?.rowsMax)
    var specification = plan.specification(loader: loader)
    // What a graph's operator declares is the graph itself.
    specification.declared = nil
    return specification
  }

  func reopenLogs() { log.reopen() }

  /// Fails readiness, keeps accepting for `drain-delay`, answers what was taken, ends.
  func close() {
    door.beginDraining()
    log.write(.info, "draining")
    pause(settings.drainDelay)
    close(within: settings.drain)
  }

  private func close(within duration: Duration) {
    let limit = MonotonicClock.now().advanced(by: duration)
    front.stopAccepting()
    let isAnswered = door.drain(until: limit)
    let isClosed = front.close(until: limit)
    if !isAnswered || !isClosed {
      log.write(.warn, "some requests were not answered within the drain time")
    }
    door.shutDown()
    graphs.shutDown()
    log.write(.info, "stopped")
    log.close(within: .seconds(1))
  }

  private func pause(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
  }
}
