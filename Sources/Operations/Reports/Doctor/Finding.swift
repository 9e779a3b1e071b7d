/// One thing that was looked at on this machine, and how it is.
package struct Finding: Sendable, Equatable {
  package enum State: String, Sendable, Equatable {
    /// There, and it does what it is for.
    case works = "ok"
    /// Not there, or broken, and something does not work without it.
    case missing
    /// Worth knowing; nothing depends on it.
    case noted = "note"
  }

  /// Which part of the report it belongs to.
  package enum Topic: String, Sendable, CaseIterable {
    case machine, runtimes, trial, serving
  }

  package let topic: Topic
  package let subject: String
  package let state: State
  /// The facts: versions, places, sizes, or what the trouble is.
  package let detail: String
  /// What to do where it is missing.
  package let remedy: String?
  /// ONNX models cannot be served while this is missing.
  package let isNeeded: Bool

  package static func works(_ topic: Topic, _ subject: String, _ detail: String) -> Finding {
    Finding(
      topic: topic, subject: subject, state: .works, detail: detail, remedy: nil, isNeeded: false)
  }

  package static func noted(
    _ topic: Topic, _ subject: String, _ detail: String, remedy: String? = nil
  ) -> Finding {
    Finding(
      topic: topic, subject: subject, state: .noted, detail: detail, remedy: remedy,
      isNeeded: false)
  }

  /// Something of use is missing; all else works.
  package static func missing(
    _ topic: Topic, _ subject: String, _ detail: String, remedy: String
  ) -> Finding {
    Finding(
      topic: topic, subject: subject, state: .missing, detail: detail, remedy: remedy,
      isNeeded: false)
  }

  /// ONNX models cannot be served.
  package static func needed(
    _ topic: Topic, _ subject: String, _ detail: String, remedy: String
  ) -> Finding {
    Finding(
      topic: topic, subject: subject, state: .missing, detail: detail, remedy: remedy,
      isNeeded: true)
  }
}
