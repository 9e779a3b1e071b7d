import Glibc

/// What a tuning is for: targets that are kept, and among those that keep them one figure at its best.
package struct TuningGoal: Sendable, Equatable {
  package let targets: [TuningTarget]
  package let objective: TuningFigure

  package init(targets: [TuningTarget], objective: TuningFigure) {
    self.targets = targets
    self.objective = objective
  }

  /// Reads `--target`, `--maximise` and `--minimise`. Without either of the latter, throughput is
  /// maximised; where a rate is offered, which throughput cannot exceed, p99 is minimised.
  package static func read(
    targets: [String], maximise: String?, minimise: String?, hasRate: Bool
  ) throws(TuningTarget.Problem) -> TuningGoal {
    var all: [TuningTarget] = []
    for text in targets { all += try TuningTarget.parse(text) }
    if maximise != nil, minimise != nil {
      throw .init(description: "--maximise and --minimise: say one of them")
    }
    let usual: TuningFigure = hasRate ? .p99 : .throughput
    let option = maximise == nil ? "minimise" : "maximise"
    guard let name = maximise ?? minimise else {
      return TuningGoal(targets: all, objective: usual)
    }
    guard let figure = TuningFigure.named(name), figure.isGain == (maximise != nil) else {
      let known = TuningFigure.allCases.filter { $0.isGain == (maximise != nil) }
        .map(\.rawValue).joined(separator: ", ")
      throw .init(description: "--\(option): expected one of \(known); got \(name)")
    }
    if hasRate, figure == .throughput {
      throw .init(
        description: "--maximise throughput: with --rate as many are asked as the rate says; "
          + "leave out --rate, or say --minimise p99")
    }
    return TuningGoal(targets: all, objective: figure)
  }

  /// How good figures are by this goal; more is better.
  package struct Rank: Sendable, Comparable {
    /// Logarithms of how far targets are missed, added up; 0 where all are kept.
    package let violation: Double
    /// Logarithm of the objective, negative where less of it is better.
    package let value: Double

    package var isWithin: Bool { violation == 0 }

    package static func < (one: Rank, other: Rank) -> Bool {
      (-one.violation, one.value) < (-other.violation, other.value)
    }
  }

  /// - Parameter slack: a target counts as kept within this factor; above 1 where a run was short.
  package func rank(_ figures: TuningFigures, slack: Double = 1) -> Rank {
    guard figures.isUsable, let value = objective.value(in: figures), value > 0 else {
      return Rank(violation: .infinity, value: -.infinity)
    }
    let violation = targets.reduce(0) { $0 + $1.violation(of: figures, slack: slack) }
    return Rank(violation: violation, value: objective.isGain ? log(value) : -log(value))
  }

  /// `throughput as high as can be with p99<30ms`.
  package var text: String {
    let best = objective.isGain ? "as high as can be" : "as low as can be"
    guard !targets.isEmpty else { return "\(objective.rawValue) \(best)" }
    return "\(objective.rawValue) \(best) with \(targets.map(\.text).joined(separator: " and "))"
  }
}
