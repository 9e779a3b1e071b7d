package import Inference

/// Writes a line for requests that ended, by a policy.
package struct AccessLog: Sendable {
  /// Which requests get a line.
  package enum Policy: String, Sendable, CaseIterable {
    case off
    /// Those that failed, and those that took long.
    case slow
    case all
  }

  private let log: ServerLog
  private let policy: Policy
  private let slowNanoseconds: UInt64
  private let describe: @Sendable (InferenceFailure) -> String

  /// - Parameters:
  ///   - slowRequest: from when on a request counts as slow.
  ///   - describe: makes the sentence that the client was sent.
  package init(
    log: ServerLog, policy: Policy, slowRequest: Duration,
    describe: @escaping @Sendable (InferenceFailure) -> String
  ) {
    self.log = log
    self.policy = policy
    self.slowNanoseconds = slowRequest.wholeNanoseconds
    self.describe = describe
  }

  /// Called on the request path: one comparison for what gets no line.
  package func finished(_ record: borrowing RequestRecord) {
    let duration = record.end.nanoseconds(since: record.context.arrival)
    let isSlow = duration >= slowNanoseconds && record.end != .never
    switch policy {
    case .off: return
    case .slow: guard isSlow || record.outcome != .success else { return }
    case .all: break
    }
    write(record, duration: duration, level: level(record.outcome, isSlow: isSlow))
  }

  private func level(_ outcome: RequestRecord.Outcome, isSlow: Bool) -> LogLevel {
    switch outcome {
    case .success: isSlow ? .warn : .info
    case .invalid, .cancelled: .info
    case .rejected, .deadlineExceeded: .warn
    case .failed: .error
    }
  }

  private func write(_ record: borrowing RequestRecord, duration: UInt64, level: LogLevel) {
    var line = log.begin(level, "\(record.operation) \(record.statusCode)")
    line.add(.requestID, record.context.id)
    line.add(.client, record.context.caller.name)
    addOperation(record.operation, to: &line)
    // gRPC's 0 is success, which needs no number.
    if record.statusCode != 0 {
      let key = record.context.dialect == .grpc ? LogKey.grpcStatusCode : .statusCode
      line.add(key, Int64(record.statusCode))
    }
    line.add(.duration, Int64(clamping: duration))
    line.add(.outcome, record.outcome == .success ? "success" : "failure")
    line.add(.requestOutcome, record.outcome.rawValue)
    line.add(.dialect, record.context.dialect.rawValue)
    line.add(.requestBytes, Int64(record.requestByteCount))
    line.add(.responseBytes, Int64(record.responseByteCount))
    if let name = record.clientName { line.add(.userAgent, name) }
    if let parent = record.context.traceParent { line.add(.traceParent, parent) }
    addModel(record, to: &line)
    if let failure = record.failure { add(failure, to: &line) }
    log.send(line)
  }

  /// `POST /path`, in its two parts.
  private func addOperation(_ operation: String, to line: inout LogLine) {
    guard let blank = operation.firstIndex(of: " ") else { return }
    line.add(.method, String(operation[..<blank]))
    line.add(.path, String(operation[operation.index(after: blank)...]))
  }

  private func addModel(_ record: borrowing RequestRecord, to line: inout LogLine) {
    guard !record.model.isEmpty else { return }
    let served = record.served
    line.add(.model, record.model)
    if served.version != 0 { line.add(.version, served.version) }
    switch served.cacheUse {
    case .hit: line.add(.cacheUse, "hit")
    case .miss: line.add(.cacheUse, "miss")
    case .none: break
    }
    guard served.started != .never else { return }
    line.add(
      .queueNanoseconds, Int64(clamping: served.started.nanoseconds(since: served.admitted)))
    line.add(
      .computeNanoseconds, Int64(clamping: served.computed.nanoseconds(since: served.started)))
    line.add(.rows, Int64(served.rowCount))
  }

  /// What the client was told, and what it was not: the runtime's own words.
  private func add(_ failure: InferenceFailure, to line: inout LogLine) {
    line.add(.errorType, failure.kindName)
    line.add(.errorMessage, describe(failure))
    switch failure {
    case .runtimeFailed(let fault): line.add(.cause, "\(fault.code.rawValue): \(fault.message)")
    case .upstreamFailed(let cause): line.add(.cause, cause)
    case .internalFault(let id): line.add(.errorID, id.text)
    case .modelNotReady(_, .failed(let reason)), .modelRefused(_, let reason):
      line.add(.cause, reason)
    case .modelNotFound, .modelNotReady, .invalidInput, .tooLarge, .unauthenticated, .forbidden,
      .overloaded, .quotaExceeded, .clientTooSlow, .unsupported, .alreadyExists,
      .deadlineExceeded, .cancelled, .draining:
      break
    }
  }
}

extension InferenceFailure {
  /// The case's name as logs write it.
  fileprivate var kindName: String {
    switch self {
    case .modelNotFound: "model_not_found"
    case .modelNotReady: "model_not_ready"
    case .modelRefused: "model_refused"
    case .invalidInput: "invalid_input"
    case .tooLarge: "too_large"
    case .unauthenticated: "unauthenticated"
    case .forbidden: "forbidden"
    case .overloaded: "overloaded"
    case .quotaExceeded: "quota_exceeded"
    case .clientTooSlow: "client_too_slow"
    case .unsupported: "unsupported"
    case .alreadyExists: "already_exists"
    case .upstreamFailed: "upstream_failed"
    case .deadlineExceeded: "deadline_exceeded"
    case .cancelled: "cancelled"
    case .draining: "draining"
    case .runtimeFailed: "runtime_failed"
    case .internalFault: "internal_fault"
    }
  }
}
