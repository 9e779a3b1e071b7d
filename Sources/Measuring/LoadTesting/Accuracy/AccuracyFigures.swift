package import WireFormats

/// How often, or how nearly, a target was right over a set of samples.
package struct AccuracyFigures: Sendable {
  /// One figure; the first of a set is the one that it is named after.
  package struct Figure: Sendable, Equatable {
    package let name: String
    /// `nil` where the set does not say: no small things in it, for instance.
    package let value: Double?

    init(_ name: String, _ value: Double?) {
      self.name = name
      self.value = value
    }
  }

  package let figures: [Figure]
  /// Samples that were judged.
  package let sampleCount: Int
  /// Those of them that the timed run did not ask, so that they were asked after its clock had stopped.
  package var lateCount = 0
  /// Samples of the set without an answer; they are in no figure.
  package var unansweredCount = 0
  /// What a reader has to know beside it.
  package var notes: [String] = []

  init(_ figures: [Figure], sampleCount: Int) {
    precondition(!figures.isEmpty, "no figure")
    self.figures = figures
    self.sampleCount = sampleCount
  }

  /// Names of all figures that there can be.
  package static let names = [
    "map", "map50", "map75", "map_small", "map_medium", "map_large", "top1", "top5", "accuracy",
    "auc", "log_loss", "rmse", "r2",
  ]

  /// More of it is better.
  static func isGain(_ name: String) -> Bool { name != "log_loss" && name != "rmse" }

  package func value(of name: String) -> Double? { figures.first { $0.name == name }?.value }

  package var json: JSONValue {
    func number(_ value: Double?) -> JSONValue {
      value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
    }
    return .object(
      [.init("metric", .string(figures[0].name)), .init("value", number(figures[0].value))]
        + figures.map { .init($0.name, number($0.value)) }
        + [
          .init("samples", .integer(Int64(sampleCount))),
          .init("asked_after", .integer(Int64(lateCount))),
          .init("unanswered", .integer(Int64(unansweredCount))),
        ] + (notes.isEmpty ? [] : [.init("notes", .array(notes.map { .string($0) }))]))
  }
}

/// Why no accuracy can be told.
package struct AccuracyProblem: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}
