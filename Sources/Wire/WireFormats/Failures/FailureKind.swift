import Inference

/// Failures as the dialects' tables tell them apart: what a client can do about each is the same for
/// all that are of one kind.
package enum FailureKind: Sendable, CaseIterable {
  case modelUnknown, versionUnknown, modelNotReady, modelRefused, alreadyExists
  case invalidInput, tooLarge, headerTooLarge, mediaUnknown, notImplemented
  case pathUnknown, methodUnknown, unauthenticated, forbidden
  case overloaded, outOfMemory, unavailable, clientTooSlow, cancelled
  case deadlineExceeded, upstreamFailed, failed

  init(_ failure: InferenceFailure) {
    self =
      switch failure {
      case .modelNotFound(let address, _): address.version == .any ? .modelUnknown : .versionUnknown
      case .modelNotReady: .modelNotReady
      case .modelRefused: .modelRefused
      case .invalidInput(.image(.tooManyPixels)): .tooLarge
      case .invalidInput(.image(.unsupported)): .mediaUnknown
      case .invalidInput: .invalidInput
      case .tooLarge(.header): .headerTooLarge
      case .tooLarge: .tooLarge
      case .unauthenticated: .unauthenticated
      case .forbidden(.explicitControlOff): .unavailable
      case .forbidden: .forbidden
      case .overloaded(.connections, _), .draining: .unavailable
      case .overloaded, .quotaExceeded: .overloaded
      case .clientTooSlow: .clientTooSlow
      case .unsupported(.path), .unsupported(.modelMethod): .pathUnknown
      case .unsupported(.method): .methodUnknown
      case .unsupported(.contentType), .unsupported(.contentEncoding): .mediaUnknown
      case .unsupported(.task): .invalidInput
      case .unsupported(.generation), .unsupported(.answersInParts), .unsupported(.other):
        .notImplemented
      case .alreadyExists: .alreadyExists
      case .upstreamFailed: .upstreamFailed
      case .deadlineExceeded: .deadlineExceeded
      case .cancelled: .cancelled
      case .runtimeFailed(let fault): Self.kind(of: fault.code)
      case .internalFault: .failed
      }
  }

  private static func kind(of code: RuntimeFault.Code) -> FailureKind {
    switch code {
    case .invalidArgument: .invalidInput
    case .outOfMemory: .outOfMemory
    case .stopped, .runtimeMissing: .unavailable
    case .invalidModel, .failed: .failed
    }
  }
}
