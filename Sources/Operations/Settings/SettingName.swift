/// Every setting of `apus serve`, by its one name.
///
/// The name is the flag without its dashes and the key in `apus.yaml`; the variable is made of it.
package enum SettingName: String, Sendable, Hashable, CaseIterable {
  case httpPort = "http-port"
  case grpcPort = "grpc-port"
  case metricsPort = "metrics-port"
  case host
  case corsOrigins = "cors-origins"
  case allowedHosts = "allowed-hosts"
  case trustedProxies = "trusted-proxies"
  case callerHeader = "caller-header"
  case managementKey = "management-key"
  case compat
  case vertexPredictRoute = "vertex-predict-route"
  case vertexHealthRoute = "vertex-health-route"
  case httpRestrictedAPI = "http-restricted-api"
  case grpcRestrictedProtocol = "grpc-restricted-protocol"
  case allowClientShm = "allow-client-shm"
  case tlsCertificate = "tls-certificate"
  case tlsKey = "tls-key"
  case tlsClientCA = "tls-client-ca"
  case httpSocket = "http-socket"
  case grpcSocket = "grpc-socket"
  case socketMode = "socket-mode"

  case modelControlMode = "model-control-mode"
  case repositoryPollSecs = "repository-poll-secs"
  case loadModel = "load-model"
  case loadOnDemand = "load-on-demand"
  case modelMemoryMax = "model-memory-max"
  case modelLoadThreadCount = "model-load-thread-count"
  case proofRunTimeout = "proof-run-timeout"
  case stateDirectory = "state-directory"

  case loops
  case instances
  case rateLimit = "rate-limit"
  case rateLimitResource = "rate-limit-resource"
  case hostPolicy = "host-policy"
  case runtimeThreads = "runtime-threads"
  case precision
  case runtime
  case cacheDirectory = "cache-directory"
  case cacheBytesMax = "cache-bytes-max"
  case defaultModel = "default-model"
  case labels
  case resize
  case scaledDecoding = "scaled-decoding"

  case bodyBytesMax = "body-bytes-max"
  case jsonDepthMax = "json-depth-max"
  case headerBytesMax = "header-bytes-max"
  case headerTimeout = "header-timeout"
  case bodyRateMin = "body-rate-min"
  case bodyGrace = "body-grace"
  case connectionsMax = "connections-max"
  case grpcStreamsMax = "grpc-streams-max"
  case grpcMessageBytesMax = "grpc-message-bytes-max"
  case grpcWindowBytes = "grpc-window-bytes"
  case grpcKeepaliveTime = "grpc-keepalive-time"
  case grpcKeepaliveTimeout = "grpc-keepalive-timeout"
  case grpcKeepalivePermitWithoutCalls = "grpc-keepalive-permit-without-calls"
  case grpcHTTP2MaxPingsWithoutData = "grpc-http2-max-pings-without-data"
  case grpcHTTP2MinRecvPingIntervalWithoutData = "grpc-http2-min-recv-ping-interval-without-data"
  case grpcHTTP2MaxPingStrikes = "grpc-http2-max-ping-strikes"
  case grpcMaxConnectionAge = "grpc-max-connection-age"
  case grpcMaxConnectionAgeGrace = "grpc-max-connection-age-grace"
  case idleTimeout = "idle-timeout"
  case waitingRequestsMax = "waiting-requests-max"
  case waitingBytesMax = "waiting-bytes-max"
  case responseCacheBytes = "response-cache-bytes"
  case imagePixelsMax = "image-pixels-max"
  case requestTimeout = "request-timeout"

  case drainDelay = "drain-delay"
  case drain

  case accessLog = "access-log"
  case slowRequest = "slow-request"
  case logFormat = "log-format"
  case logLevel = "log-level"
  case logFile = "log-file"
  case traceFile = "trace-file"

  case config
  case printConfig = "print-config"

  /// `--http-port`.
  package var flag: String { "--\(rawValue)" }

  /// `APUS_HTTP_PORT`.
  package var variable: String {
    var bytes = Array("APUS_".utf8)
    for byte in rawValue.utf8 {
      switch byte {
      case UInt8(ascii: "-"): bytes.append(UInt8(ascii: "_"))
      case UInt8(ascii: "a")...UInt8(ascii: "z"): bytes.append(byte & 0xdf)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
