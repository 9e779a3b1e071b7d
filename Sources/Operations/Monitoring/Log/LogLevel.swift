/// How much a log line matters.
package enum LogLevel: String, Sendable, CaseIterable, Comparable {
  case debug, info, warn, error

  package static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

  private var rank: Int {
    switch self {
    case .debug: 0
    case .info: 1
    case .warn: 2
    case .error: 3
    }
  }
}

/// How log lines are written.
package enum LogFormat: String, Sendable, CaseIterable {
  /// One JSON object a line, with the field names of ECS.
  case json
  /// Time, level, message, then `key=value`.
  case text
}

/// Every key of a log line; spelled nowhere else.
///
/// Those without `apus.` are of the Elastic Common Schema (elastic.co/guide/en/ecs).
package enum LogKey: String, Sendable, CaseIterable {
  case timestamp = "@timestamp"
  case level = "log.level"
  case message
  case schemaVersion = "ecs.version"
  /// Nanoseconds.
  case duration = "event.duration"
  case outcome = "event.outcome"
  case method = "http.request.method"
  case requestID = "http.request.id"
  case requestBytes = "http.request.body.bytes"
  case responseBytes = "http.response.body.bytes"
  case statusCode = "http.response.status_code"
  case grpcStatusCode = "rpc.grpc.status_code"
  case path = "url.path"
  case client = "client.address"
  case userAgent = "user_agent.original"
  case errorType = "error.type"
  case errorID = "error.id"
  case errorMessage = "error.message"
  case traceParent = "apus.trace_parent"
  case model = "apus.model"
  case version = "apus.version"
  case dialect = "apus.dialect"
  case requestOutcome = "apus.outcome"
  case queueNanoseconds = "apus.queue.duration"
  case computeNanoseconds = "apus.compute.duration"
  case cacheUse = "apus.response_cache"
  case cause = "apus.cause"
  case state = "apus.state"
  case rows = "apus.rows"
  case memoryBytes = "apus.memory.bytes"
  case instances = "apus.instances"
  case address = "apus.address"
  case file = "apus.file"
  case lost = "apus.lost_lines"
}

/// One value of a log line.
package enum LogValue: Sendable, Equatable {
  case text(String)
  case number(Int64)
}
