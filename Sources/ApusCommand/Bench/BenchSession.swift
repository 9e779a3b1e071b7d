import LoadTesting

/// One `apus bench`: measures one plan after the other and prints what came of each.
struct BenchSession {
  let target: any LoadTarget
  let name: String
  let isQuiet: Bool
  let interrupt: BenchInterrupt
  let generatorThreads: Int
  /// Looks at the target's server and the machine beside each run.
  let watch: RunWatch
  /// Who says how often the target was right; `nil` where nothing says what is right.
  let judging: BenchJudging?

  /// Blocks until all are measured, or somebody ends it; gives what there is.
  func run(_ plans: [LoadPlan]) throws -> [LoadOutcome] {
    try warmUp(target, name, plan: plans[0])
    var outcomes: [LoadOutcome] = []
    for plan in plans {
      let kept = judging.map { _ in KeptAnswers(sampleCount: target.sampleCount) }
      guard
        var outcome = try plan.isComplete
          ? measure(plan, target, kept, watch, isWarning: true) : search(plan)
      else {
        break
      }
      if let judging, let kept { judging.judge(&outcome, kept, interrupt) }
      tell(outcome.lines(target: name), isFirst: outcomes.isEmpty)
      outcomes.append(outcome)
    }
    return outcomes
  }

  /// The scenario `server` at the highest rate that it allows; `nil` where it is all over.
  private func search(_ plan: LoadPlan) throws -> LoadOutcome? {
    let ending = ServerSearch(plan) { measure($0, target, nil, watch) }.run { line in
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
      guard let outcome = measure(plan, target, nil, watch) else { break }
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
    _ plans: [LoadPlan], with against: any LoadTarget, _ againstName: String,
    judging againstJudging: BenchJudging?
  ) throws -> [TargetComparison] {
    try warmUp(target, name, plan: plans[0])
    try warmUp(against, againstName, plan: plans[0])
    var comparisons: [TargetComparison] = []
    for plan in plans {
      guard var comparison = TargetComparison(rounds(of: plan, with: against)) else {
        let least = TargetComparison.roundCountMin
        throw Failure.operation(
          "\(plan.scenario.rawValue): fewer than \(least) rounds have answers of both targets")
      }
      // Rounds keep no answers: the whole sets are asked after them.
      judging?.judge(&comparison.target, KeptAnswers(sampleCount: target.sampleCount), interrupt)
      againstJudging?.judge(
        &comparison.against, KeptAnswers(sampleCount: against.sampleCount), interrupt)
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
  func measure(
    _ plan: LoadPlan, _ target: any LoadTarget, _ answers: (any AnswerKeeper)? = nil,
    _ watch: RunWatch? = nil, isWarning: Bool = false
  ) -> LoadOutcome? {
    let run = LoadRun(
      plan, target: target, answers: answers, generatorThreads: generatorThreads)
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

  func tell(_ lines: [String], isFirst: Bool) { tell((isFirst ? [] : [""]) + lines) }

  func tell(_ lines: [String]) {
    if !isQuiet { Terminal.tell(lines.joined(separator: "\n")) }
  }
}
