import FrontSupport
import GRPCFront
import Glibc
import GraphSteps
import HTTPFront
import Inference
import Monitoring
import Serving
import Settings

/// All rooms of one server: built once, opened in order, closed in reverse.
final class House: Sendable {
  private let settings: ServeSettings
  private let log: ServerLog
  private let metrics: Metrics
  private let door: InferenceServer
  private let graphs: GraphWorkshop
  private let front: HTTPServer
  /// `nil` where gRPC is turned off.
  private let grpc: GRPCServer?
  private let repository: Repository

  /// Builds everything; nothing listens and no model is loaded yet.
  init(models: [String], settings: ServeSettings) {
    self.settings = settings
    Allocator.keepLargeBlocks(cores: settings.machine.cores)
    log = ServerLog(settings.logSettings)
    metrics = Metrics(
      version: Version.text, coreCount: settings.machine.cores, limits: settings.limits)
    let observer = MonitoringObserver(
      metrics: metrics, accessLog: settings.accessLog(into: log), log: log)
    door = InferenceServer(
      settings: settings.servingSettings, loopCount: settings.loops, observer: observer)
    graphs = GraphWorkshop(
      server: door, workerCount: settings.machine.cores, make: BuiltInSteps.make)
    let visionOptions = VisionOptionsByModel()
    repository = Repository(
      paths: models, settings: settings, door: door, log: log,
      specifications: ModelSpecifications(
        loaders: Loaders(settings: settings), graphs: graphs, visionOptions: visionOptions))
    front = HTTPServer(
      settings: settings.frontSettings(visionOptions), door: door, observer: observer,
      pages: EmbeddedPages(), metrics: MetricsOfHouse(metrics), repository: repository)
    let shown = MetricsOfHouse(metrics)
    grpc = settings.grpcSettings(visionOptions).map {
      [front, observer, repository] in
      GRPCServer(
        settings: $0, ground: front.ground, observer: observer, metrics: shown,
        repository: repository)
    }
    metrics.watch(door: door, front: front, grpc: grpc, log: log)
  }

  /// Listens, then loads the models; live meanwhile, and ready at the end.
  func open() throws(ServerFault) {
    if let limit = MachineLimits.raiseOpenFileLimit(), limit < settings.connectionsMax {
      log.write(.warn, "the system allows only \(limit) open files, below connections-max")
    }
    for policy in settings.hostPolicies where policy.namesNode {
      log.write(
        .warn,
        "host-policy \(policy.name): numa-node has no effect; memory is taken where a thread "
          + "first touches it, so cpu-cores is enough")
    }
    door.beginOpening()
    let addresses = try front.start()
    var grpcPort: Int?
    do throws(ServerFault) {
      grpcPort = try grpc?.start()
      for fault in try repository.open() { Terminal.complain("\(fault)") }
    } catch {
      close(within: .zero)
      throw error
    }
    door.endOpening()
    StartLines(
      addresses: addresses, grpcPort: grpcPort, statuses: door.statuses, settings: settings
    ).tell()
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
    repository.close()
    let limit = MonotonicClock.now().advanced(by: duration)
    front.stopAccepting()
    grpc?.stopAccepting()
    let isAnswered = door.drain(until: limit)
    // The HTTP front goes last: the loops end with it.
    let isGRPCClosed = grpc?.close(until: limit) ?? true
    let isClosed = front.close(until: limit) && isGRPCClosed
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
