package import Transport
package import Vision
package import WireFormats

/// What an operator sets of the HTTP front.
package struct HTTPFrontSettings: Sendable {
  /// Of this program, as `GET /v2` says it.
  package var version = ""
  /// The address to listen on: an IP literal or a name of this machine.
  package var host = "127.0.0.1"
  /// 0 means any free port; the real one is reported by `start()`.
  package var port = 8000
  /// A second port that answers `/metrics` and health alone; `nil` means none.
  package var metricsPort: Int?
  /// Makes `port` speak TLS; `nil` leaves it plain. The port for metrics is always plain.
  package var tls: TLSContexts?
  /// A Unix-domain socket that answers what `port` answers, in plain HTTP.
  package var socket: UnixSocket?
  /// Event loops, 1 or more.
  package var loops = 1
  /// Threads that decode large bodies and photos, 1 or more.
  package var workerThreads = 1
  /// Connections that the system may hold before we accept them.
  package var backlog = 1_024
  package var limits = HTTPLimits()
  /// How long a request may take where it does not say so itself; `nil` means for ever.
  package var requestTimeout: Duration?
  /// Names that `Host` may have beside those of this machine's loopback and `host`.
  package var allowedHosts: [String] = []
  /// Origins whose pages may call this server; `*` means any. Empty means CORS is off.
  package var corsOrigins: [String] = []
  /// The header that names the caller, believed from `trustedProxies` only.
  package var callerHeader: String?
  /// Peer addresses whose `callerHeader` is believed.
  package var trustedProxies: Set<String> = []

  /// What managing this server from afar takes; `nil` leaves management to this machine.
  package var managementKey: String?

  /// Groups of addresses that take a header.
  package var restricted = RestrictedGroups.none

  /// How photos are made inputs of the model of that name.
  package var visionOptions: @Sendable (String) -> VisionOptions = { _ in VisionOptions() }

  package init() {}
}

/// Every bound of the HTTP front, with its unit; what happens at each is said beside it.
package struct HTTPLimits: Sendable {
  /// Of a request's body, as sent and again after decompression: 413.
  package var bodyBytesMax = 64 << 20
  /// Of the request line and all headers together: 431.
  package var headerBytesMax = 32 << 10
  /// Headers of one request: 431.
  package var headerCountMax = 128
  /// From the first byte of a head to its last: 408.
  package var headerSecondsMax = 10
  /// Of a body on its way in, and of an answer on its way out, once `graceSeconds` are over: 408,
  /// or an answer given up.
  package var bytesPerSecondMin = 16 << 10
  package var graceSeconds = 10
  /// Between two requests of a connection: closed.
  package var idleSecondsMax = 75
  /// Connections at once: the next one is answered 503 and closed.
  package var connectionCountMax = 10_000
  /// Of a photo, width times height, looked at before it is decoded: 413.
  package var imagePixelsMax = 100_000_000
  /// Nesting of a JSON document: 400.
  package var jsonDepthMax = 64
  /// Bodies up to this size are decoded on the event loop, larger ones by a worker.
  package var loopBodyBytesMax = 64 << 10
  /// Bytes of all bodies that are collected at one time, beyond small ones: 503.
  package var collectedBytesMax = 1 << 30
  /// Answers below this size are not compressed.
  package var compressedBytesMin = 1 << 10
  /// What is read and thrown away of a refused body before the connection is closed instead.
  package var discardedBytesMax = 1 << 20
  /// How long a refused client may take to read why before the connection is cut.
  package var lingerSeconds = 2

  package init() {}
}
