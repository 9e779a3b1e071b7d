/// A configuration that was tried, and what came of it.
package struct TuningRecord: Sendable {
  package enum Fate: Sendable, Equatable {
    /// Nothing is known yet.
    case waiting
    /// Measured, and not yet beaten.
    case measured
    /// Others were better in a short run, so it was measured no longer.
    case pruned
    /// It gives no figures: it does not load, crashes, or answers with errors.
    case failed(String)
  }

  package let configuration: TuningConfiguration
  package internal(set) var fate = Fate.waiting
  /// Of each length of run the figures; the longest is level `TuningEffort.levels.count - 1`.
  var figuresByLevel: [Int: TuningFigures] = [:]

  init(_ configuration: TuningConfiguration) { self.configuration = configuration }

  /// Of its longest run.
  var level: Int? { figuresByLevel.keys.max() }

  /// Of its longest run; `nil` where it has none.
  package var figures: TuningFigures? { level.flatMap { figuresByLevel[$0] } }

  /// It has figures that count.
  package var isMeasured: Bool {
    switch fate {
    case .measured, .pruned: true
    case .waiting, .failed: false
    }
  }
}
