import Inference

/// The limits that refuse requests, by the names of their settings.
enum LimitRefusal: String, CaseIterable {
  case bodyBytes = "body-bytes-max"
  case headerBytes = "header-bytes-max"
  case jsonDepth = "json-depth-max"
  case imagePixels = "image-pixels-max"
  case bodyRate = "body-rate-min"
  case waitingRequests = "waiting-requests-max"
  case waitingBytes = "waiting-bytes-max"
  case connections = "connections-max"

  /// `nil` for a failure that no limit caused.
  init?(_ failure: InferenceFailure) {
    switch failure {
    case .tooLarge(.body), .tooLarge(.decompressedBody): self = .bodyBytes
    case .tooLarge(.header): self = .headerBytes
    case .tooLarge(.image), .invalidInput(.image(.tooManyPixels)): self = .imagePixels
    case .invalidInput(.nestedTooDeep): self = .jsonDepth
    case .clientTooSlow(.moving): self = .bodyRate
    case .overloaded(.waitingRequests, _): self = .waitingRequests
    case .overloaded(.waitingBytes, _): self = .waitingBytes
    case .overloaded(.connections, _): self = .connections
    case .modelNotFound, .modelNotReady, .modelRefused, .invalidInput, .unauthenticated, .forbidden,
      .quotaExceeded, .unsupported, .alreadyExists, .upstreamFailed, .deadlineExceeded,
      .cancelled, .draining, .runtimeFailed, .internalFault, .clientTooSlow(.taking):
      return nil
    }
  }

  var place: Int {
    switch self {
    case .bodyBytes: 0
    case .headerBytes: 1
    case .jsonDepth: 2
    case .imagePixels: 3
    case .bodyRate: 4
    case .waitingRequests: 5
    case .waitingBytes: 6
    case .connections: 7
    }
  }
}
