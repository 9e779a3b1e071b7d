import Batching
import GRPCFront
import HTTPFront
import Inference
import ModelStore
import Monitoring
import Serving
import Settings
import Transport
import Vision
import WireFormats

/// What each room gets of the settings.
extension ServeSettings {
  var servingSettings: ServingSettings {
    var serving = ServingSettings(coreCount: machine.cores)
    serving.instanceCount = instances
    serving.waitingRequestsMax = waitingRequestsMax
    serving.waitingBytesMax = waitingBytesMax
    serving.responseCacheBytesMax = responseCacheBytes
    serving.parallelLoadsMax = modelLoadThreadCount
    serving.modelBytesMax = modelMemoryMax
    serving.proofRunTimeout = proofRunTimeout
    if isRateLimited {
      serving.resources = resourceCounts.map {
        ResourceSupply(name: $0.name, count: $0.count, device: $0.device)
      }
    }
    for policy in hostPolicies where !policy.cores.isEmpty {
      serving.pinnedCores[policy.name] = policy.cores
    }
    return serving
  }

  /// What new TLS connections are made with; `nil` where nothing speaks TLS. Blocks on the files.
  var tlsContexts: TLSContexts? {
    get throws(ServerFault) {
      guard let tlsCertificate, let tlsKey else { return nil }
      return try TLSContexts(
        files: TLSFiles(
          certificate: tlsCertificate, key: tlsKey, clientAuthorities: tlsClientAuthorities))
    }
  }

  /// Groups of REST addresses that take a header.
  var httpRestrictedGroups: RestrictedGroups {
    get throws(ServerFault) {
      do {
        return try RestrictedGroups(pieces: httpRestrictions)
      } catch {
        throw .configurationInvalid(file: "http-restricted-api", reason: error.reason)
      }
    }
  }

  /// - Throws: where a setting is well formed and makes no sense.
  func frontSettings(
    _ visionOptions: VisionOptionsByModel, tls: TLSContexts?
  ) throws(ServerFault) -> HTTPFrontSettings {
    var front = HTTPFrontSettings()
    front.restricted = try httpRestrictedGroups
    front.tls = tls
    front.socket = httpSocket.map { UnixSocket(path: $0, mode: socketMode) }
    front.version = Version.text
    front.host = host
    front.port = httpPort
    front.metricsPort = metricsPort == 0 ? nil : metricsPort
    front.loops = loops
    front.workerThreads = machine.cores
    front.limits = frontLimits
    front.requestTimeout = requestTimeout
    front.allowedHosts = allowedHosts
    front.corsOrigins = corsOrigins
    front.callerHeader = callerHeader
    front.trustedProxies = Set(trustedProxies)
    front.managementKey = managementKey
    front.defaultModel = defaultModel
    front.waitingRequestsMax = waitingRequestsMax
    front.profilePorts = portProfiles.filter { !$0.isGRPC }.map {
      ($0.port, $0.dialect, $0.isMetricsOnly)
    }
    front.vertex = vertex
    front.visionOptions = { visionOptions.options(for: $0) }
    return front
  }

  private var vertex: VertexSettings? {
    guard vertexPredictRoute != nil || vertexHealthRoute != nil else { return nil }
    return VertexSettings(
      predictPath: vertexPredictRoute ?? "/predict", healthPath: vertexHealthRoute ?? "/health")
  }

  /// Groups of gRPC calls that take a piece of metadata, whose name Triton puts a word before.
  var grpcRestrictedGroups: RestrictedGroups {
    get throws(ServerFault) {
      do {
        return try RestrictedGroups(
          pieces: grpcRestrictions, headerPrefix: "triton-grpc-protocol-")
      } catch {
        throw .configurationInvalid(file: "grpc-restricted-protocol", reason: error.reason)
      }
    }
  }

  /// `nil` where gRPC is turned off.
  ///
  /// - Throws: where a setting is well formed and makes no sense.
  func grpcSettings(
    _ visionOptions: VisionOptionsByModel, tls: TLSContexts?
  ) throws(ServerFault) -> GRPCFrontSettings? {
    let restricted = try grpcRestrictedGroups
    guard grpcPort != 0 || grpcSocket != nil else { return nil }
    var front = GRPCFrontSettings()
    front.restricted = restricted
    front.tls = tls
    front.socket = grpcSocket.map { UnixSocket(path: $0, mode: socketMode) }
    front.version = Version.text
    front.host = host
    front.port = grpcPort == 0 || isGRPCBesideHTTP ? nil : grpcPort
    front.limits = grpcLimits
    front.requestTimeout = requestTimeout
    front.callerHeader = callerHeader
    front.trustedProxies = Set(trustedProxies)
    front.managementKey = managementKey
    front.waitingRequestsMax = waitingRequestsMax
    front.profilePorts = portProfiles.filter(\.isGRPC).map { ($0.port, $0.dialect) }
    front.visionOptions = { visionOptions.options(for: $0) }
    return front
  }

  private var grpcLimits: GRPCLimits {
    var limits = GRPCLimits()
    limits.messageBytesMax = grpcMessageBytesMax
    limits.headerBytesMax = headerBytesMax
    limits.streamCountMax = grpcStreamsMax
    limits.windowBytes = grpcWindowBytes
    limits.keepAliveSeconds = grpcKeepaliveTime?.wholeSeconds
    limits.keepAliveAnswerSecondsMax = grpcKeepaliveTimeout.wholeSeconds
    limits.keepsAliveWithoutCalls = isGRPCKeptAliveWithoutCalls
    limits.pingsWithoutAnswerMax = grpcPingsWithoutDataMax
    limits.pingIntervalMin = grpcPingIntervalMin
    limits.pingStrikesMax = grpcPingStrikesMax
    limits.ageSecondsMax = grpcConnectionAgeMax?.wholeSeconds
    limits.ageGraceSecondsMax = grpcConnectionAgeGrace?.wholeSeconds
    limits.handshakeSecondsMax = headerTimeout.wholeSeconds
    limits.bytesPerSecondMin = bodyRateMin
    limits.graceSeconds = bodyGrace.wholeSeconds
    limits.idleSecondsMax = idleTimeout.wholeSeconds
    limits.connectionCountMax = connectionsMax
    limits.collectedBytesMax = waitingBytesMax
    limits.imagePixelsMax = imagePixelsMax
    limits.jsonDepthMax = jsonDepthMax
    return limits
  }

  private var frontLimits: HTTPLimits {
    var limits = HTTPLimits()
    limits.bodyBytesMax = bodyBytesMax
    limits.headerBytesMax = headerBytesMax
    limits.headerSecondsMax = headerTimeout.wholeSeconds
    limits.bytesPerSecondMin = bodyRateMin
    limits.graceSeconds = bodyGrace.wholeSeconds
    limits.idleSecondsMax = idleTimeout.wholeSeconds
    limits.connectionCountMax = connectionsMax
    limits.jsonDepthMax = jsonDepthMax
    limits.imagePixelsMax = imagePixelsMax
    limits.collectedBytesMax = waitingBytesMax
    return limits
  }

  var logSettings: ServerLog.Settings {
    ServerLog.Settings(
      format: LogFormat(rawValue: logFormat.rawValue) ?? .json,
      level: LogLevel(rawValue: logLevel.rawValue) ?? .info, path: logFile)
  }

  func accessLog(into log: ServerLog) -> AccessLog {
    AccessLog(
      log: log, policy: AccessLog.Policy(rawValue: accessLog.rawValue) ?? .slow,
      slowRequest: slowRequest, describe: FailureMessage.text)
  }
}

extension Duration {
  /// Rounded up, and a second at least: what counts in seconds never waits for nothing.
  fileprivate var wholeSeconds: Int {
    max(1, Int(components.seconds) + (components.attoseconds > 0 ? 1 : 0))
  }
}

extension ModelPlan {
  /// The plan for the server that loads it.
  func specification(loader: any ModelLoader) -> ModelSpecification {
    var specification = ModelSpecification(
      name: name, version: version, source: source, loader: loader, options: options)
    specification.instanceCount = instanceCount
    specification.waitingRequestsMax = waitingRequestsMax
    specification.scheduling = scheduling
    specification.labels = labels
    specification.task = task
    specification.declared = declared
    specification.warmUps = warmUps
    specification.aliases = aliases
    specification.warnings = warnings
    specification.configuration = configuration(of:)
    return specification
  }
}
