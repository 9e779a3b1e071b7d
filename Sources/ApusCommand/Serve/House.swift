import FrontSupport
import GRPCFront
import Glibc
import GraphSteps
import HTTPFront
import Inference
import Monitoring
import Serving
import Settings
import Transport

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
  private let traces: RequestTraces
  private let clientMemory: SharedMemoryRegistry
  /// `nil` where nothing speaks TLS, as is what follows.
  private let tls: TLSContexts?
  private let certificates: CertificateWatch?

  /// Builds everything; nothing listens and no model is loaded yet.
  init(models: [String], settings: ServeSettings) throws(ServerFault) {
    self.settings = settings
    let tls = try settings.tlsContexts
    Allocator.keepLargeBlocks(cores: settings.machine.cores)
    log = ServerLog(settings.logSettings)
    metrics = Metrics(
      version: Version.text, coreCount: settings.machine.cores, limits: settings.limits)
    traces = RequestTraces(path: settings.traceFile) { [log] in log.write(.error, $0) }
    let observer = MonitoringObserver(
      metrics: metrics, accessLog: settings.accessLog(into: log), log: log, traces: traces)
    door = InferenceServer(
      settings: settings.servingSettings, loopCount: settings.loops, observer: observer)
    graphs = GraphWorkshop(
      server: door, workerCount: settings.machine.cores, make: BuiltInSteps.make)
    let visionOptions = VisionOptionsByModel()
    repository = Repository(
      paths: models, settings: settings, door: door, log: log,
      specifications: ModelSpecifications(
        loaders: Loaders(
          settings: settings, observer: WorkerObserver(log, metrics), door: ServedDoor(door)),
        graphs: graphs, visionOptions: visionOptions))
    clientMemory = SharedMemoryRegistry(
      isAllowed: settings.isClientMemoryAllowed, copiedBytesMax: settings.waitingBytesMax)
    let extensions = FrontExtensions(
      memory: clientMemory, tracing: traces, logging: LogSettings(log))
    front = HTTPServer(
      settings: try settings.frontSettings(visionOptions, tls: tls), door: door, observer: observer,
      pages: EmbeddedPages(), metrics: MetricsOfHouse(metrics), repository: repository,
      extensions: extensions)
    let shown = MetricsOfHouse(metrics)
    grpc = try settings.grpcSettings(visionOptions, tls: tls).map {
      [front, observer, repository] in
      GRPCServer(
        settings: $0, ground: front.ground, observer: observer, metrics: shown,
        repository: repository, extensions: extensions)
    }
    self.tls = tls
    certificates = tls.map { [log] tls in
      CertificateWatch(tls) { log.certificateRead($0, tls) }
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
    let addresses = try front.start(guest: grpc?.asGuest)
    var grpcAddresses: GRPCAddresses?
    var profiles: [(port: Int, dialect: Dialect)] = []
    if let tls { log.warnOfCertificate(tls) }
    certificates?.start()
    do throws(ServerFault) {
      grpcAddresses = try grpc?.start()
      profiles = try grpc?.startProfiles() ?? []
      for fault in try repository.open() { Terminal.complain("\(fault)") }
    } catch {
      close(within: .zero)
      throw error
    }
    door.endOpening()
    StartLines(
      addresses: addresses, grpc: grpcAddresses, grpcProfiles: profiles, statuses: door.statuses,
      settings: settings
    ).tell()
  }

  /// What SIGHUP asks for.
  func readFilesAgain() {
    log.reopen()
    certificates?.reload()
  }

  /// Fails readiness, keeps accepting for `drain-delay`, answers what was taken, ends.
  func close() {
    door.beginDraining()
    log.write(.info, "draining")
    pause(settings.drainDelay)
    close(within: settings.drain)
  }

  private func close(within duration: Duration) {
    repository.close()
    certificates?.close()
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
    clientMemory.close()
    traces.close()
    log.write(.info, "stopped")
    log.close(within: .seconds(1))
  }

  private func pause(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    nanosleep(&time, nil)
  }
}

extension ServerLog {
  /// What became of reading the certificate's files again.
  fileprivate func certificateRead(_ fault: ServerFault?, _ tls: TLSContexts) {
    if let fault { return write(.error, "the TLS certificate stays as it was: \(fault)") }
    write(.info, "the TLS certificate was read again")
    warnOfCertificate(tls)
  }

  /// Says what clients will hold against the certificate.
  fileprivate func warnOfCertificate(_ tls: TLSContexts) {
    if let complaint = tls.complaint(atUnixSeconds: time(nil)) { write(.warn, complaint) }
  }
}
