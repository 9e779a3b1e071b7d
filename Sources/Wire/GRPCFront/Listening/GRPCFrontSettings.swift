package import Inference
package import Transport
package import Vision
package import WireFormats

/// What an operator sets of the gRPC front.
package struct GRPCFrontSettings: Sendable {
  /// Of this program, as `ServerMetadata` says it.
  package var version = ""
  /// The address to listen on: an IP literal or a name of this machine.
  package var host = "127.0.0.1"
  /// 0 means any free port; the real one is reported by `start()`. `nil` means none of its own.
  package var port: Int? = 8001
  /// Makes `port` speak TLS; `nil` leaves it plain.
  package var tls: TLSContexts?
  /// A Unix-domain socket that answers what `port` answers, without TLS.
  package var socket: UnixSocket?
  /// Further ports, for clients of another server.
  package var profilePorts: [(port: Int, dialect: Dialect)] = []
  /// Connections that the system may hold before we accept them.
  package var backlog = 1_024
  package var limits = GRPCLimits()
  /// How long a request may take where it does not say so itself; `nil` means for ever.
  package var requestTimeout: Duration?
  /// The metadata that names the caller, believed from `trustedProxies` only.
  package var callerHeader: String?
  /// Peer addresses whose `callerHeader` is believed.
  package var trustedProxies: Set<String> = []
  /// Requests that may wait for one model, for descriptions of its queue.
  package var waitingRequestsMax = 1_024
  /// What managing this server from afar takes; `nil` leaves management to this machine.
  package var managementKey: String?
  /// Groups of calls that take a piece of metadata.
  package var restricted = RestrictedGroups.none
  /// How photos are made inputs of the model of that name; here for the names of its classes.
  package var visionOptions: @Sendable (String) -> VisionOptions = { _ in VisionOptions() }

  package init() {}
}

/// Every bound of the gRPC front, with its unit; what happens at each is said beside it.
package struct GRPCLimits: Sendable {
  /// Of one message, as sent and again after decompression: RESOURCE_EXHAUSTED.
  package var messageBytesMax = 64 << 20
  /// Of one message of a call that carries neither tensors nor files: RESOURCE_EXHAUSTED.
  package var smallMessageBytesMax = 1 << 20
  /// Of all headers of a call together: the connection is closed.
  package var headerBytesMax = 32 << 10
  /// Calls at once on one connection: the next one waits at the client.
  package var streamCountMax = 256
  /// Connections at once: the next one is closed with HTTP/1.1's 503.
  package var connectionCountMax = 10_000
  /// From a connection's first moment to the end of its handshake: closed.
  package var handshakeSecondsMax = 10
  /// Without a call: GOAWAY, then closed.
  package var idleSecondsMax = 75
  /// Of silence, then a client with calls is asked whether it is there; `nil` asks nobody.
  package var keepAliveSeconds: Int? = 7_200
  /// From that question to its answer: closed.
  package var keepAliveAnswerSecondsMax = 20
  /// Clients without calls are asked, too.
  package var keepsAliveWithoutCalls = false
  /// Such questions between two frames of answers: no further ones. 0 sets no bound.
  package var pingsWithoutAnswerMax = 2
  /// Of a connection: GOAWAY, and `ageGraceSecondsMax` later it is closed. `nil` sets no bound.
  package var ageSecondsMax: Int?
  package var ageGraceSecondsMax: Int?
  /// Of a message on its way in, and of answers on their way out, once `graceSeconds` are over:
  /// DEADLINE_EXCEEDED, or the connection is closed.
  package var bytesPerSecondMin = 16 << 10
  package var graceSeconds = 10
  /// Bytes of all messages that are collected, and of all large answers that have not left, at one
  /// time: RESOURCE_EXHAUSTED.
  package var collectedBytesMax = 1 << 30
  /// What a client may send before we take it: the flow-control windows of a connection and of each
  /// call. So large that a tensor does not wait for the round trip.
  package var windowBytes = 16 << 20
  /// Of one DATA frame.
  package var frameBytesMax = 1 << 20
  /// Answers that have not left, of one connection: no window is opened beyond the first, and the
  /// connection is closed at the second.
  package var unsentBytesPause = 16 << 20
  package var unsentBytesMax = 256 << 20
  /// PING, SETTINGS, PRIORITY and WINDOW_UPDATE frames between two frames of an answer; ENHANCE_YOUR_CALM.
  package var controlFramesMax = 20_000
  /// Between two PINGs of a client with no frame of an answer between; one that comes sooner is a
  /// strike.
  package var pingIntervalMin = Duration.milliseconds(100)
  /// Strikes between two frames of answers: ENHANCE_YOUR_CALM. 0 sets no bound.
  package var pingStrikesMax = 200
  /// Calls that a client takes back in a tenth of a second: ENHANCE_YOUR_CALM.
  package var resetsPerTenthMax = 200
  /// Messages up to this size are decoded on the event loop, larger ones by a worker; tensors that
  /// come raw do not count.
  package var loopMessageBytesMax = 64 << 10
  /// How long a client whose call was refused may go on sending, within its window; what comes is
  /// thrown away.
  package var lingerSeconds = 2
  /// Pixels of a photo: RESOURCE_EXHAUSTED.
  package var imagePixelsMax = 100_000_000
  /// Nesting of JSON that a message carries: INVALID_ARGUMENT.
  package var jsonDepthMax = 64
  /// Answers below this size are not compressed.
  package var compressedBytesMin = 1 << 10

  package init() {}

  /// Whether so many bytes have been on their way for longer than the slowest client may take.
  func isTooSlow(seconds: Int, unsentByteCount: Int) -> Bool {
    guard unsentByteCount > 0, bytesPerSecondMin > 0 else { return false }
    return seconds > graceSeconds + unsentByteCount / bytesPerSecondMin
  }
}
