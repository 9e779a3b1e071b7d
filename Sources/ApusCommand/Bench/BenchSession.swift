import LoadTesting

/// One `apus bench`: measures one plan after the other and prints what came of each.
struct BenchSession {
  let target: any LoadTarget
  let name: String
  let isQuiet: Bool
  let interrupt: BenchInterrupt
  /// Looks at the target's server and the machine beside each run.
  let watch: RunWatch

  /// Blocks until all are measured, or somebody ends it; gives what there is.
  func run(_ plans: [LoadPlan]) throws -> [LoadOutcome] {
    try warmUp(target, name, plan: plans[0])
    var outcomes: [LoadOutcome] = []
    for plan in plans {
      guard
        let outcome = try plan.isComplete
          ? measure(plan, target, watch, isWarning: true) : search(plan)
      else { break }
      tell(outcome.lines(target: name), isFirst: outcomes.isEmpty)
      outcomes.append(outcome)
    }
    return outcomes
  }

  /// The scenario `server` at the highest rate that it allows; `nil` where it is all over.
  private func search(_ plan: LoadPlan) throws -> LoadOutcome? {
    let ending = ServerSearch(plan) { measure($0, target, watch) }.run { line in
      if !isQuiet { Terminal.show("searching: \(line)\n") }
    }
    switch ending {
    case .found(let outcome): return outcome
    case .interrupted(let known?): return known
    case .interrupted(nil):
      throw Failure.operation("interrupted while the highest rate was searched")
    case .hopeless(let reason): throw Failure.operation("server: \(reason)")
    }
  }

  /// One load after the other, until one is too strong or somebody ends it.
  func sweep(_ plans: [LoadPlan], _ axis: LoadSweep.Axis) throws -> LoadSweep {
    try warmUp(target, name, plan: plans[0])
    var outcomes: [LoadOutcome] = []
    for plan in plans {
      guard let outcome = measure(plan, target, watch) else { break }
      outcomes.append(outcome)
      if LoadSweep.isEnd(outcome) { break }
    }
    guard let sweep = LoadSweep(axis, outcomes, plannedCount: plans.count) else {
      throw Failure.operation("interrupted before any load was measured")
    }
    tell(sweep.lines(target: name), isFirst: true)
    return sweep
  }

  /// Measures two targets in turns, each of which begins every second round; a comparison for each plan.
  func compare(
    _ plans: [LoadPlan], with against: any LoadTarget, _ againstName: String
  ) throws -> [TargetComparison] {
    try warmUp(target, name, plan: plans[0])
    try warmUp(against, againstName, plan: plans[0])
    var comparisons: [TargetComparison] = []
    for plan in plans {
      guard let comparison = TargetComparison(rounds(of: plan, with: against)) else {
        let least = TargetComparison.roundCountMin
        throw Failure.operation(
          "\(plan.scenario.rawValue): fewer than \(least) rounds have answers of both targets")
      }
      tell(comparison.lines(target: name, against: againstName), isFirst: comparisons.isEmpty)
      comparisons.append(comparison)
    }
    return comparisons
  }

  private func warmUp(_ target: any LoadTarget, _ name: String, plan: LoadPlan) throws {
    do {
      try LoadRun.warmUp(target, plan: plan)
    } catch {
      throw Failure.operation("\(name): \(error.text)")
    }
  }

  /// Those that both targets have ended.
  private func rounds(
    of plan: LoadPlan, with against: any LoadTarget
  ) -> [TargetComparison.Round] {
    var rounds: [TargetComparison.Round] = []
    for number in 0..<TargetComparison.roundCount {
      let part = plan.part(number, of: TargetComparison.roundCount)
      let isSwapped = number % 2 == 1
      let targets = isSwapped ? [against, target] : [target, against]
      let outcomes = targets.compactMap { measure(part, $0) }
      guard outcomes.count == 2, outcomes.allSatisfy({ !$0.isInterrupted }) else { break }
      rounds.append(
        .init(target: outcomes[isSwapped ? 1 : 0], against: outcomes[isSwapped ? 0 : 1]))
    }
    return rounds
  }

  /// `nil` where it is all over.
  ///
  /// - Parameter isWarning: whether it is told while it lasts that it will not become valid.
  private func measure(
    _ plan: LoadPlan, _ target: any LoadTarget, _ watch: RunWatch? = nil, isWarning: Bool = false
  ) -> LoadOutcome? {
    let run = LoadRun(plan, target: target)
    guard interrupt.begin(run) else { return nil }
    var view = LiveView(plan, isTerminal: Terminal.isWatched)
    var isWarned = isQuiet || !isWarning
    let measured = {
      run.run { progress in
        if let warning = progress.warning, !isWarned {
          isWarned = true
          Terminal.show("\(view.clearing())\(warning)\n")
        }
        if let text = view.text(progress, columns: Terminal.columns) { Terminal.show(text) }
      }
    }
    let outcome = watch.map { $0.watching(measured) } ?? measured()
    Terminal.show(view.clearing())
    return outcome
  }

  private func tell(_ lines: [String], isFirst: Bool) { tell((isFirst ? [] : [""]) + lines) }

  func tell(_ lines: [String]) {
    if !isQuiet { Terminal.tell(lines.joined(separator: "\n")) }
  }
}
