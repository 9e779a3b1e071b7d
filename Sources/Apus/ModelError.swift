internal import Inference

/// Why a model gave no answer. The text says what was expected, what came and what to do.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The model could not be loaded: which file, and why.
  case notLoaded(String)
  /// These inputs do not fit the model.
  case invalidInput(String)
  /// The model, or this library, does not do that.
  case unsupported(String)
  /// Too much waits already.
  case overloaded(String)
  /// The calling task was cancelled.
  case cancelled
  /// The model failed at it.
  case failed(String)

  /// The text alone.
  public var description: String {
    switch self {
    case .notLoaded(let text), .invalidInput(let text), .unsupported(let text),
      .overloaded(let text), .failed(let text):
      text
    case .cancelled: "the request was cancelled"
    }
  }

  init(_ failure: InferenceFailure) {
    let text = FailureMessage.text(for: failure)
    self =
      switch failure {
      case .cancelled: .cancelled
      case .invalidInput, .tooLarge: .invalidInput(text)
      case .unsupported: .unsupported(text)
      default:
        switch failure.outcome {
        case .rejected: .overloaded(text)
        case .invalid: .invalidInput(text)
        default: .failed(text)
        }
      }
  }
}
