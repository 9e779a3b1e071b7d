import LoadTesting
import Reports

/// Says how often the answers of each run were right.
final class BenchJudging {
  private let run: AccuracyRun
  private let sampleCount: Int

  init(_ samples: any AskedSamples, truth: SampleTruth) {
    run = AccuracyRun(samples, truth: truth)
    sampleCount = samples.sampleCount
  }

  /// Asks what the run did not, and judges all; Ctrl-C ends the asking.
  func judge(_ outcome: inout LoadOutcome, _ kept: KeptAnswers, _ interrupt: BenchInterrupt) {
    do {
      outcome.accuracy = try run.figures(for: kept, isOver: { interrupt.isOver }) { sample in
        guard Terminal.isWatched else { return }
        Terminal.show("\(Self.clearedLine)accuracy  sample \(sample + 1) of \(sampleCount)")
      }
    } catch {
      outcome.accuracyProblem = "\(error)"
    }
    Terminal.show(Terminal.isWatched ? Self.clearedLine : "")
  }

  /// To the line's start, and empty from there: ECMA-48, EL.
  private static let clearedLine = "\r\u{1B}[K"
}

extension BenchSession {
  /// The compliance runs of each plan.
  func complianceRuns(
    _ plans: [LoadPlan], samples: any AskedSamples, tolerance: Double
  ) throws -> [LoadOutcome] {
    var repeatSample: ComplianceFigures.RepeatSample?
    var outcomes: [LoadOutcome] = []
    for plan in plans {
      let run = ComplianceRun(
        plan, samples: samples, residentCount: target.sampleCount, tolerance: tolerance)
      // Once, because afterwards every sample has been asked.
      let repeated = repeatSample ?? run.repeatSample { interrupt.isOver }
      repeatSample = repeated
      let outcome = run.run(after: repeated) { measure($0, target, $1) }
      guard let outcome else { break }
      tell(outcome.lines(target: name), isFirst: outcomes.isEmpty)
      outcomes.append(outcome)
    }
    return outcomes
  }
}
