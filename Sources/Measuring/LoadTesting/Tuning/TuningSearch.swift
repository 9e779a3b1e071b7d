/// Which configuration is measured next, for how long, and which is the best; no clock, lock or thread.
///
/// Successive halving within brackets, after Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar,
/// "Hyperband" (2018): many configurations are measured shortly, the best third of them three times as
/// long, and so on. The first bracket samples the whole space; those after it take what lies around the
/// best so far, because what serves a model well differs from its neighbours by little.
///
///     first bracket ──> around the best ──> (more, while it moves) ──> rescue ──> over
///
/// A rescue measures for longer what looked within the targets when measured shortly, where nothing that
/// was measured for longest keeps them. One trial is on its way at a time.
package struct TuningSearch: Sendable {
  /// One measurement to be made.
  package struct Trial: Sendable, Equatable {
    /// Place of its record.
    package let place: Int
    package let configuration: TuningConfiguration
    package let nanoseconds: UInt64
    fileprivate let level: Int
  }

  private struct Bracket: Sendable {
    var level: Int
    var waiting: [Int]
    var measured: [Int] = []
  }

  private static let bracketsMax = 4
  private static let rescuesMax = 2
  private static let rescuedMax = 3
  /// Of those that are alike, short runs cannot tell which is the better: what comes so near to the
  /// best of its level is not yet beaten by it.
  private static let doubt = 0.15
  /// A target that a short run misses by less may be kept all the same.
  private static let slack = 1.05

  private let space: TuningSpace
  private let goal: TuningGoal
  private let effort: TuningEffort
  private var random: MersenneTwister
  package private(set) var records: [TuningRecord] = []
  private var places: [TuningConfiguration: Int] = [:]
  private var bracket: Bracket
  private var bracketCount = 1
  private var rescueCount = 0
  private var bestBefore: Int?
  /// Trials until now, with their loads.
  private var spentNanoseconds: UInt64 = 0

  /// - Parameter first: what is measured before all others, the default; it need not be in the space.
  package init(
    _ space: TuningSpace, first: TuningConfiguration, goal: TuningGoal, effort: TuningEffort,
    seed: UInt64
  ) {
    self.space = space
    self.goal = goal
    self.effort = effort
    random = MersenneTwister(seed: seed)
    bracket = Bracket(level: 0, waiting: [])
    var sampled = [first]
    for configuration in Self.stratified(space.configurations, &random)
    where sampled.count < effort.firstCount && configuration != first {
      sampled.append(configuration)
    }
    bracket.waiting = sampled.map { place(of: $0) }
  }

  /// The next trial; `nil` when the search is over, or its time is.
  package mutating func next(elapsedNanoseconds: UInt64) -> Trial? {
    while elapsedNanoseconds < effort.budgetNanoseconds {
      if let place = bracket.waiting.first {
        bracket.waiting.removeFirst()
        let level = bracket.level
        spentNanoseconds += effort.levels[level] + effort.loadNanoseconds
        return Trial(
          place: place, configuration: records[place].configuration,
          nanoseconds: effort.levels[level], level: level)
      }
      guard promote() || beginBracket() || beginRescue() else { return nil }
    }
    return nil
  }

  /// What came of a trial that `next` gave.
  package mutating func finish(_ trial: Trial, _ figures: TuningFigures) {
    guard figures.isUsable else {
      return fail(trial, figures.firstFailure ?? "no query was answered")
    }
    records[trial.place].figuresByLevel[trial.level] = figures
    records[trial.place].fate = .measured
    bracket.measured.append(trial.place)
  }

  /// A trial that `next` gave came to nothing.
  package mutating func fail(_ trial: Trial, _ reason: String) {
    records[trial.place].fate = .failed(reason)
  }

  // MARK: What is best

  /// Of what was measured for longest the best that keeps all targets; where none does, and time ended
  /// before anything was measured so long, of what was measured next to that. `without` are left out.
  package func winner(without: Set<Int> = []) -> Int? {
    let place = best(without: without)
    return place.flatMap { rank($0).map(\.isWithin) ?? false ? $0 : nil }
  }

  /// The best of the longest measured, whether it keeps the targets or not.
  package func best(without: Set<Int> = []) -> Int? {
    let candidates = records.indices.filter { !without.contains($0) && records[$0].isMeasured }
    guard let longest = candidates.compactMap({ records[$0].level }).max() else { return nil }
    return candidates.filter { records[$0].level == longest }
      .max { (rank($0) ?? .worst) < (rank($1) ?? .worst) }
  }

  /// How good a record is, by its longest run; `nil` where there is none.
  package func rank(_ place: Int) -> TuningGoal.Rank? {
    records[place].figures.map { goal.rank($0) }
  }

  // MARK: Brackets

  /// The best third of the bracket goes to the next level; false where it is over.
  private mutating func promote() -> Bool {
    let last = effort.levels.count - 1
    guard !bracket.measured.isEmpty, bracket.level < last else { return false }
    let level = bracket.level
    let ranked = bracket.measured.sorted { rank($0, at: level) > rank($1, at: level) }
    let count = max(1, (ranked.count + TuningEffort.reduction - 1) / TuningEffort.reduction)
    let promoted = ranked.prefix(count).filter { !isBeaten($0, at: level) }
    for place in ranked where !promoted.contains(place) {
      records[place].fate = .pruned
    }
    // One alone has nobody to be compared with before the end.
    let next = promoted.count == 1 ? last : level + 1
    bracket = Bracket(level: next, waiting: Array(promoted))
    return !promoted.isEmpty
  }

  /// The best so far was clearly better in a run of the same length.
  private func isBeaten(_ place: Int, at level: Int) -> Bool {
    guard let best = best(), best != place, records[best].level == effort.levels.count - 1,
      records[best].figuresByLevel[level] != nil
    else { return false }
    let (mine, its) = (rank(place, at: level), rank(best, at: level))
    return mine.violation > its.violation + Self.doubt
      || (mine.isWithin == its.isWithin && mine.value < its.value - Self.doubt)
  }

  private func rank(_ place: Int, at level: Int) -> TuningGoal.Rank {
    guard let figures = records[place].figuresByLevel[level] else { return .worst }
    return goal.rank(figures, slack: level == effort.levels.count - 1 ? 1 : Self.slack)
  }

  /// What lies around the best; false where all of it was tried, or the best did not move.
  private mutating func beginBracket() -> Bool {
    guard bracketCount < Self.bracketsMax, let best = best() else { return false }
    var untried = space.neighbours(of: records[best].configuration).filter { places[$0] == nil }
    guard !untried.isEmpty, best != bestBefore || untried.count > effort.aroundCount else {
      return false
    }
    let count = min(untried.count, effort.aroundCount)
    guard effort.allows(count, after: spentNanoseconds) else { return false }
    bestBefore = best
    bracketCount += 1
    Self.shuffle(&untried, &random)
    bracket = Bracket(level: 0, waiting: untried.prefix(count).map { place(of: $0) })
    return true
  }

  private mutating func beginRescue() -> Bool {
    let last = effort.levels.count - 1
    guard rescueCount < Self.rescuesMax, winner() == nil else { return false }
    let hopeful = records.indices.filter {
      records[$0].isMeasured && records[$0].level != last && (rank($0)?.isWithin ?? false)
    }
    .sorted { (rank($0) ?? .worst) > (rank($1) ?? .worst) }
    guard !hopeful.isEmpty else { return false }
    rescueCount += 1
    bracket = Bracket(level: last, waiting: Array(hopeful.prefix(Self.rescuedMax)))
    return true
  }

  // MARK: Sampling

  private mutating func place(of configuration: TuningConfiguration) -> Int {
    if let known = places[configuration] { return known }
    records.append(TuningRecord(configuration))
    places[configuration] = records.count - 1
    return records.count - 1
  }

  /// What a stratum has in common: its answers, and how it spreads over the cores.
  private struct Stratum: Hashable {
    let variant: TuningConfiguration.Variant
    let instances: Int
    let threads: Int
  }

  /// All of them at random, but one of each stratum before the second of any, so that few samples see
  /// much.
  private static func stratified(
    _ configurations: [TuningConfiguration], _ random: inout MersenneTwister
  ) -> [TuningConfiguration] {
    var order: [Stratum] = []
    var strata: [Stratum: [TuningConfiguration]] = [:]
    for one in configurations {
      let stratum = Stratum(
        variant: one.variant, instances: one.instances, threads: one.threads)
      if strata[stratum] == nil { order.append(stratum) }
      strata[stratum, default: []].append(one)
    }
    shuffle(&order, &random)
    for stratum in order {
      if var members = strata[stratum] {
        shuffle(&members, &random)
        strata[stratum] = members
      }
    }
    let longest = strata.values.map(\.count).max() ?? 0
    return (0..<longest).flatMap { turn in
      order.compactMap { stratum in
        strata[stratum].flatMap { turn < $0.count ? $0[turn] : nil }
      }
    }
  }

  /// By Fisher and Yates.
  private static func shuffle<Element>(
    _ elements: inout [Element], _ random: inout MersenneTwister
  ) {
    for place in elements.indices.reversed() where place > 0 {
      elements.swapAt(place, random.index(below: place + 1))
    }
  }
}

extension TuningGoal.Rank {
  /// Nothing was measured.
  fileprivate static let worst = TuningGoal.Rank(violation: .infinity, value: -.infinity)
}
