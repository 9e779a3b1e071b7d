package import Inference

/// Why one input got no answer; the others are not concerned.
package enum JobProblem: Error, Sendable, Equatable {
  case unreadable(reason: String)
  case rows(RowProblem)
  case failure(InferenceFailure)
  /// Its answer could not be written.
  case unwritable(file: String, reason: String)
}

extension JobProblem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unreadable(let reason): reason
    case .rows(let problem): problem.description
    case .failure(let failure): FailureMessage.text(for: failure)
    case .unwritable(let file, let reason): "cannot write \(file): \(reason)"
    }
  }
}
