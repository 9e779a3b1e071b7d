import LoadTesting
import Reports

/// One `apus bench`: measures one plan after the other and prints what came of each.
struct BenchSession {
  let target: any LoadTarget
  let name: String
  let isQuiet: Bool
  let interrupt: BenchInterrupt

  /// Blocks until all are measured, or somebody ends it; gives what there is.
  func run(_ plans: [LoadPlan]) throws -> [LoadOutcome] {
    do {
      try LoadRun.warmUp(target, plan: plans[0])
    } catch {
      throw Failure.operation("\(name): \(error.text)")
    }
    var outcomes: [LoadOutcome] = []
    for plan in plans {
      let run = LoadRun(plan, target: target)
      guard interrupt.begin(run) else { break }
      let outcome = run.run { show($0, of: plan) }
      Terminal.show(Terminal.isWatched ? Self.clearedLine : "")
      if !isQuiet { tell(outcome, isFirst: outcomes.isEmpty) }
      outcomes.append(outcome)
    }
    return outcomes
  }

  private func tell(_ outcome: LoadOutcome, isFirst: Bool) {
    let lines = (isFirst ? [] : [""]) + outcome.lines(target: name)
    Terminal.tell(lines.joined(separator: "\n"))
  }

  /// To the line's start, and empty from there: ECMA-48, EL.
  private static let clearedLine = "\r\u{1B}[K"

  private func show(_ progress: LoadRun.Progress, of plan: LoadPlan) {
    guard Terminal.isWatched else { return }
    let seconds = Readable.decimal(Double(progress.elapsedNanoseconds) / 1e9, places: 1)
    let total = plan.durationNanoseconds.map { " of \(Readable.time($0))" } ?? ""
    let failed = progress.failedCount > 0 ? ", \(progress.failedCount) failed" : ""
    Terminal.show(
      "\(Self.clearedLine)\(plan.scenario.rawValue)  \(seconds) s\(total)  "
        + "\(progress.queryCount) queries\(failed)")
  }
}
