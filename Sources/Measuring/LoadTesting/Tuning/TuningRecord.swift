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

/// How much is measured, and how long.
package struct TuningEffort: Sendable, Equatable {
  /// Of each bracket one in so many goes on, and is measured so many times as long.
  static let reduction = 3

  /// Lengths of runs, ascending.
  package let levels: [UInt64]
  /// Configurations of the first bracket.
  package let firstCount: Int
  /// Configurations of each later bracket.
  let aroundCount: Int
  /// No trial begins after it.
  package let budgetNanoseconds: UInt64
  /// There are later brackets.
  let looksAround: Bool

  /// A search that takes a quarter of the space and what lies around the best of it, fewer where the
  /// budget does not last.
  ///
  /// - Parameters:
  ///   - loadNanoseconds: what loading the model costs before each run.
  package static func halving(
    spaceCount: Int, longestNanoseconds: UInt64, loadNanoseconds: UInt64,
    budgetNanoseconds: UInt64
  ) -> TuningEffort {
    let levels = [longestNanoseconds / 9, longestNanoseconds / 3, longestNanoseconds]
    var count = min(max(firstCountMin, (spaceCount + 3) / 4), spaceCount)
    while count > firstCountFloor,
      cost(count, levels, loadNanoseconds) > Double(budgetNanoseconds) * firstPart
    { count -= 1 }
    return TuningEffort(
      levels: levels, firstCount: count, aroundCount: max(3, (count + 1) / 2),
      budgetNanoseconds: budgetNanoseconds, looksAround: true)
  }

  /// All of the space, each for the longest time: what a search is compared with.
  package static func grid(
    spaceCount: Int, longestNanoseconds: UInt64, budgetNanoseconds: UInt64
  ) -> TuningEffort {
    TuningEffort(
      levels: [longestNanoseconds], firstCount: spaceCount + 1, aroundCount: 0,
      budgetNanoseconds: budgetNanoseconds, looksAround: false)
  }

  private static let firstCountMin = 9
  private static let firstCountFloor = 3
  /// Of the budget so much is for the first bracket.
  private static let firstPart = 0.6

  /// Nanoseconds of a bracket that begins with so many.
  private static func cost(_ count: Int, _ levels: [UInt64], _ load: UInt64) -> Double {
    var (left, sum) = (Double(count), 0.0)
    for level in levels {
      sum += left * Double(level + load)
      left = max(1, (left / Double(reduction)).rounded(.up))
    }
    return sum
  }
}
