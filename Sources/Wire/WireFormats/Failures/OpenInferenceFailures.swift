package import Inference

/// Which HTTP status each failure has in the Open Inference Protocol's dialect.
///
/// Where Triton has a status for the same fact, it is that one.
package enum OpenInferenceFailures {
  package static func statusCode(for failure: InferenceFailure) -> Int {
    switch failure {
    case .modelNotFound: 404
    case .modelNotReady: 503
    case .invalidInput(let problem): statusCode(for: problem)
    case .tooLarge(.header): 431
    case .tooLarge(.body), .tooLarge(.decompressedBody), .tooLarge(.image): 413
    case .unauthenticated: 401
    case .modelRefused: 400
    // As Triton, to which its clients are used.
    case .forbidden(.explicitControlOff): 503
    case .forbidden: 403
    case .overloaded(.connections, _): 503
    case .overloaded(.waitingRequests, _), .overloaded(.waitingBytes, _): 429
    case .quotaExceeded: 429
    case .clientTooSlow: 408
    case .unsupported(let feature): statusCode(for: feature)
    case .alreadyExists: 400
    case .upstreamFailed: 502
    case .deadlineExceeded: 504
    case .cancelled: 499
    case .draining: 503
    case .runtimeFailed(let fault): statusCode(for: fault.code)
    case .internalFault: 500
    }
  }

  private static func statusCode(for problem: InputProblem) -> Int {
    switch problem {
    case .image(.tooManyPixels): 413
    case .image(.unsupported): 415
    case .image(.notAnImage), .image(.truncated), .image(.corrupt): 400
    case .syntax, .nestedTooDeep, .framing, .missingField, .fieldOfWrongKind, .parameter,
      .unknownInput, .missingInput, .inputGivenTwice, .unknownOutput, .unknownDatatype,
      .wrongDatatype, .wrongShape, .tooManyRows, .rankTooHigh, .negativeLength, .wrongElementCount,
      .wrongByteCount, .raggedArray, .elementOfWrongKind, .elementOutOfRange, .nonFiniteElement,
      .sequenceIDMissing, .sequenceIDUnfit, .sequenceNotStarted, .sequenceRows, .noImage:
      400
    }
  }

  private static func statusCode(for feature: Feature) -> Int {
    switch feature {
    case .path, .modelMethod: 404
    case .method: 405
    case .contentEncoding, .contentType: 415
    case .task: 400
    case .generation, .answersInParts, .other: 501
    }
  }

  private static func statusCode(for code: RuntimeFault.Code) -> Int {
    switch code {
    case .invalidArgument: 400
    case .stopped, .outOfMemory, .runtimeMissing: 503
    case .invalidModel, .failed: 500
    }
  }

  /// Seconds for `Retry-After`, rounded up; `nil` where waiting will not help.
  package static func retryAfterSeconds(for failure: InferenceFailure) -> Int? {
    switch failure {
    case .overloaded(_, let wait), .quotaExceeded(let wait): wholeSeconds(wait)
    case .draining, .modelNotReady(_, .loading), .modelNotReady(_, .draining): 1
    case .runtimeFailed(let fault):
      fault.code == .outOfMemory || fault.code == .stopped ? 1 : nil
    case .modelNotFound, .modelNotReady, .modelRefused, .invalidInput, .tooLarge, .unauthenticated,
      .forbidden,
      .clientTooSlow, .unsupported, .alreadyExists, .upstreamFailed, .deadlineExceeded, .cancelled,
      .internalFault:
      nil
    }
  }

  private static func wholeSeconds(_ wait: Duration) -> Int {
    let parts = wait.components
    return max(1, Int(clamping: parts.seconds) + (parts.attoseconds > 0 ? 1 : 0))
  }
}
