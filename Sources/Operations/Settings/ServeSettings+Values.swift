package import Inference

/// The settings with their types; the table guarantees that each has a value of its kind.
extension ServeSettings {
  package var httpPort: Int { integer(.httpPort) }
  package var grpcPort: Int { integer(.grpcPort) }
  /// Whether gRPC and REST share one port, which speaks TLS.
  package var isGRPCBesideHTTP: Bool {
    grpcPort != 0 && grpcPort == httpPort && tlsCertificate != nil
  }
  package var metricsPort: Int { integer(.metricsPort) }
  package var host: String { text(.host) ?? "127.0.0.1" }
  package var corsOrigins: [String] { names(.corsOrigins) }
  package var allowedHosts: [String] { names(.allowedHosts) }
  package var trustedProxies: [String] { names(.trustedProxies) }
  package var callerHeader: String? { text(.callerHeader) }

  package var managementKey: String? { text(.managementKey) }
  /// Further ports for clients of other servers.
  package var portProfiles: [PortProfile] { PortProfile.list(text(.compat) ?? "") ?? [] }
  package var vertexPredictRoute: String? { text(.vertexPredictRoute) }
  package var vertexHealthRoute: String? { text(.vertexHealthRoute) }
  /// Pieces of `GROUP,...:HEADER=VALUE`, taken apart at their commas.
  package var httpRestrictions: [String] { names(.httpRestrictedAPI) }
  package var grpcRestrictions: [String] { names(.grpcRestrictedProtocol) }
  package var isClientMemoryAllowed: Bool { boolean(.allowClientShm) }
  package var tlsCertificate: String? { text(.tlsCertificate) }
  package var tlsKey: String? { text(.tlsKey) }
  package var tlsClientAuthorities: String? { text(.tlsClientCA) }
  package var httpSocket: String? { text(.httpSocket) }
  package var grpcSocket: String? { text(.grpcSocket) }
  /// Permissions of Unix sockets' files.
  package var socketMode: UInt32 { UInt32(text(.socketMode) ?? "", radix: 8) ?? 0o600 }

  package var modelControlMode: ModelControlMode { choice(.modelControlMode) }
  package var repositoryPollSecs: Int { integer(.repositoryPollSecs) }
  package var loadModels: [String] { names(.loadModel) }
  package var isLoadedOnDemand: Bool { boolean(.loadOnDemand) }
  /// Bytes; `nil` sets no bound.
  package var modelMemoryMax: Int? {
    let byteCount = integer(.modelMemoryMax)
    return byteCount == 0 ? nil : byteCount
  }
  package var modelLoadThreadCount: Int {
    optionalInteger(.modelLoadThreadCount) ?? max(1, machine.cores / 2)
  }
  package var proofRunTimeout: Duration? { optionalDuration(.proofRunTimeout) }

  /// `nil` where none was said; `off` for none at all.
  package var stateDirectory: String? { text(.stateDirectory) }

  package var loops: Int { optionalInteger(.loops) ?? machine.cores }
  /// Instances of each model: what was said, else as many as the cores carry.
  package var instances: Int {
    optionalInteger(.instances) ?? max(1, machine.cores / runtimeThreads)
  }
  /// Whether runs wait for the resources that they occupy.
  package var isRateLimited: Bool { text(.rateLimit) != "off" }
  package var resourceCounts: [ResourceCount] { names(.rateLimitResource).compactMap { .init($0) } }
  package var hostPolicies: [HostPolicy] { HostPolicy.all(in: names(.hostPolicy)) ?? [] }
  package var runtimeThreads: Int { integer(.runtimeThreads) }
  package var precision: RuntimeOptions.Precision { choice(.precision) }
  package var runtime: RuntimeChoice { choice(.runtime) }
  /// `nil` where none was said; `off` for none at all.
  package var cacheDirectory: String? { text(.cacheDirectory) }
  package var cacheBytesMax: Int { integer(.cacheBytesMax) }
  package var defaultModel: String? { text(.defaultModel) }
  package var labelsPath: String? { text(.labels) }
  package var resize: ResizeMethod { choice(.resize) }
  package var isScaledDecoding: Bool { boolean(.scaledDecoding) }

  package var bodyBytesMax: Int { integer(.bodyBytesMax) }
  package var jsonDepthMax: Int { integer(.jsonDepthMax) }
  package var headerBytesMax: Int { integer(.headerBytesMax) }
  package var headerTimeout: Duration { duration(.headerTimeout) }
  /// Bytes a second; 0 asks for none.
  package var bodyRateMin: Int { integer(.bodyRateMin) }
  package var bodyGrace: Duration { duration(.bodyGrace) }
  package var connectionsMax: Int { integer(.connectionsMax) }
  package var grpcStreamsMax: Int { integer(.grpcStreamsMax) }
  package var grpcMessageBytesMax: Int {
    let byteCount = integer(.grpcMessageBytesMax)
    return byteCount == 0 ? bodyBytesMax : byteCount
  }
  package var grpcWindowBytes: Int { integer(.grpcWindowBytes) }
  package var grpcKeepaliveTime: Duration? { optionalDuration(.grpcKeepaliveTime) }
  package var grpcKeepaliveTimeout: Duration { duration(.grpcKeepaliveTimeout) }
  package var isGRPCKeptAliveWithoutCalls: Bool { boolean(.grpcKeepalivePermitWithoutCalls) }
  /// 0 sets no bound, as for strikes.
  package var grpcPingsWithoutDataMax: Int { integer(.grpcHTTP2MaxPingsWithoutData) }
  package var grpcPingIntervalMin: Duration {
    duration(.grpcHTTP2MinRecvPingIntervalWithoutData)
  }
  package var grpcPingStrikesMax: Int { integer(.grpcHTTP2MaxPingStrikes) }
  package var grpcConnectionAgeMax: Duration? { optionalDuration(.grpcMaxConnectionAge) }
  package var grpcConnectionAgeGrace: Duration? { optionalDuration(.grpcMaxConnectionAgeGrace) }
  package var idleTimeout: Duration { duration(.idleTimeout) }
  package var waitingRequestsMax: Int { integer(.waitingRequestsMax) }
  package var waitingBytesMax: Int { integer(.waitingBytesMax) }
  package var responseCacheBytes: Int { integer(.responseCacheBytes) }
  package var imagePixelsMax: Int { integer(.imagePixelsMax) }
  package var requestTimeout: Duration? { optionalDuration(.requestTimeout) }

  package var drainDelay: Duration { duration(.drainDelay) }
  package var drain: Duration { duration(.drain) }

  package var accessLog: AccessLogChoice { choice(.accessLog) }
  package var slowRequest: Duration { duration(.slowRequest) }
  package var logFormat: LogFormatChoice { choice(.logFormat) }
  package var logLevel: LogLevelChoice { choice(.logLevel) }
  package var logFile: String? { text(.logFile) }
  package var traceFile: String? { text(.traceFile) }

  package var printConfig: PrintConfigChoice { choice(.printConfig) }

  /// Limits as `apus_limit` shows them: by name, durations in seconds.
  package var limits: [(name: String, value: Double)] {
    SettingsTable.rows.filter { $0.topic == .limits }.compactMap { row in
      switch self[row.name] {
      case .integer(let number): (row.name.rawValue, Double(number))
      case .duration(let duration):
        (
          row.name.rawValue,
          Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
        )
      case .boolean, .text, .names, .absent: nil
      }
    }
  }
}

/// What computes models.
package enum RuntimeChoice: String, Sendable, CaseIterable {
  case auto, onnxruntime, openvino, trees
}

/// Who says which models are loaded, with Triton's words and meaning.
package enum ModelControlMode: String, Sendable, CaseIterable {
  /// What was there at the start.
  case none
  /// The files, looked at again and again.
  case poll
  /// Requests.
  case explicit
}

/// How photos are made smaller.
package enum ResizeMethod: String, Sendable, CaseIterable {
  /// Bilinear with a support that grows with the factor, as Pillow does.
  case pillow
  /// Bilinear between the four nearest pixels, as OpenCV does.
  case opencv
}

/// Which requests get a line in the log.
package enum AccessLogChoice: String, Sendable, CaseIterable { case off, slow, all }

/// How log lines are written.
package enum LogFormatChoice: String, Sendable, CaseIterable { case json, text }

/// The least level that is written.
package enum LogLevelChoice: String, Sendable, CaseIterable { case debug, info, warn, error }

/// Whether, and how, the settings are printed.
package enum PrintConfigChoice: String, Sendable, CaseIterable { case off, text, json }

extension ServeSettings {
  private func integer(_ name: SettingName) -> Int {
    guard let number = optionalInteger(name) else { wrongKind(name) }
    return number
  }

  private func optionalInteger(_ name: SettingName) -> Int? {
    switch self[name] {
    case .integer(let number): number
    case .absent: nil
    case .duration, .boolean, .text, .names: wrongKind(name)
    }
  }

  private func duration(_ name: SettingName) -> Duration {
    guard let duration = optionalDuration(name) else { wrongKind(name) }
    return duration
  }

  private func optionalDuration(_ name: SettingName) -> Duration? {
    switch self[name] {
    case .duration(let duration): duration
    case .absent: nil
    case .integer, .boolean, .text, .names: wrongKind(name)
    }
  }

  private func boolean(_ name: SettingName) -> Bool {
    guard case .boolean(let isTrue) = self[name] else { wrongKind(name) }
    return isTrue
  }

  private func text(_ name: SettingName) -> String? {
    switch self[name] {
    case .text(let text): text
    case .absent: nil
    case .integer, .duration, .boolean, .names: wrongKind(name)
    }
  }

  private func names(_ name: SettingName) -> [String] {
    guard case .names(let names) = self[name] else { wrongKind(name) }
    return names
  }

  private func choice<Choice: RawRepresentable>(
    _ name: SettingName
  ) -> Choice where Choice.RawValue == String {
    guard case .text(let text) = self[name], let choice = Choice(rawValue: text) else {
      wrongKind(name)
    }
    return choice
  }

  private func wrongKind(_ name: SettingName) -> Never {
    preconditionFailure("the row of \(name.rawValue) and its property disagree about its kind")
  }
}
