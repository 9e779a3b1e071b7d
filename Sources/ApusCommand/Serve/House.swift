import Glibc
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
    front = HTTPServer(
      settings: settings.frontSettings(for: plans), door: door, observer: observer,
      pages: EmbeddedPages(),
      metrics: MetricsOfHouse(metrics))
    metrics.watch(door: door, front: front, log: log)
  }

  /// Listens, then loads the models; live meanwhile, and ready at the end.
  func open() throws(ServerFault) {
    if let limit = MachineLimits.raiseOpenFileLimit(), limit < settings.connectionsMax {
      log.write(.warn, "the system allows only \(limit) open files, below connections-max")
    }
    let addresses = try front.start()
    var failures: [ServerFault] = []
    let loaders = Loaders(settings: settings)
    for plan in plans {
      for warning in plan.warnings { log.write(.warn, warning) }
      do throws(ServerFault) {
        try door.load(plan.specification(loader: loaders.loader(for: plan)))
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
    log.write(.info, "stopped")
    log.close(within: .seconds(1))
  }

  private func pause(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
  }
}
