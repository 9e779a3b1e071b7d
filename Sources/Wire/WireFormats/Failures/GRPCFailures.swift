package import Inference

/// How a call ended, by the numbers that gRPC gives to it.
package enum GRPCStatus: Int, Sendable, CaseIterable {
  case ok = 0
  case cancelled = 1
  case unknown = 2
  case invalidArgument = 3
  case deadlineExceeded = 4
  case notFound = 5
  case alreadyExists = 6
  case permissionDenied = 7
  case resourceExhausted = 8
  case failedPrecondition = 9
  case aborted = 10
  case outOfRange = 11
  case unimplemented = 12
  case `internal` = 13
  case unavailable = 14
  case dataLoss = 15
  case unauthenticated = 16

  /// As gRPC's documents write it: `INVALID_ARGUMENT`.
  package var name: String {
    switch self {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    }
  }
}

/// Which gRPC status each failure has.
///
/// UNAVAILABLE is what clients may try again as it is, at once or elsewhere; RESOURCE_EXHAUSTED what
/// they may try again later, or smaller.
package enum GRPCFailures {
  package static func status(for failure: InferenceFailure) -> GRPCStatus {
    switch failure {
    case .modelNotFound: .notFound
    case .modelNotReady: .unavailable
    case .modelRefused: .failedPrecondition
    case .invalidInput(let problem): status(for: problem)
    case .tooLarge: .resourceExhausted
    case .unauthenticated: .unauthenticated
    // As Triton, to which its clients are used.
    case .forbidden(.explicitControlOff), .forbidden(.restricted): .unavailable
    case .forbidden: .permissionDenied
    case .overloaded(.connections, _): .unavailable
    case .overloaded(.waitingRequests, _), .overloaded(.waitingBytes, _): .resourceExhausted
    case .quotaExceeded: .resourceExhausted
    case .clientTooSlow(.moving): .deadlineExceeded
    case .clientTooSlow(.taking): .resourceExhausted
    case .unsupported(.task): .invalidArgument
    case .unsupported: .unimplemented
    case .alreadyExists: .alreadyExists
    case .upstreamFailed: .unavailable
    case .deadlineExceeded: .deadlineExceeded
    case .cancelled: .cancelled
    case .draining: .unavailable
    case .runtimeFailed(let fault): status(for: fault.code)
    case .internalFault: .internal
    }
  }

  private static func status(for problem: InputProblem) -> GRPCStatus {
    switch problem {
    case .image(.tooManyPixels): .resourceExhausted
    case .image(.unsupported): .unimplemented
    case .image(.notAnImage), .image(.truncated), .image(.corrupt): .invalidArgument
    case .syntax, .nestedTooDeep, .framing, .missingField, .fieldOfWrongKind, .parameter,
      .unknownInput, .missingInput, .inputGivenTwice, .unknownOutput, .unknownDatatype,
      .wrongDatatype, .wrongShape, .tooManyRows, .rankTooHigh, .negativeLength, .wrongElementCount,
      .wrongByteCount, .raggedArray, .elementOfWrongKind, .elementOutOfRange, .nonFiniteElement,
      .sequenceIDMissing, .sequenceIDUnfit, .sequenceNotStarted, .sequenceRows, .noImage:
      .invalidArgument
    }
  }

  private static func status(for code: RuntimeFault.Code) -> GRPCStatus {
    switch code {
    case .invalidArgument: .invalidArgument
    case .outOfMemory: .resourceExhausted
    case .stopped, .runtimeMissing: .unavailable
    case .invalidModel, .failed: .internal
    }
  }

  /// The sentence for `grpc-message`; TorchServe's clients find the name of its exception below it.
  package static func text(for failure: InferenceFailure, in dialect: Dialect) -> String {
    let text = FailureMessage.text(for: failure)
    guard dialect == .torchServe else { return text }
    return "\(text)\n\(DialectFailures.torchServe(FailureKind(failure)).type)"
  }

  /// Milliseconds for `grpc-retry-pushback-ms`; `nil` where waiting will not help.
  package static func retryAfterMilliseconds(for failure: InferenceFailure) -> Int? {
    OpenInferenceFailures.retryAfterSeconds(for: failure).map { $0 * 1_000 }
  }
}
