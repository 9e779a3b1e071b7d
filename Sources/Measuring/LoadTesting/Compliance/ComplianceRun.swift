/// The compliance runs of one plan: accuracy in performance mode, and repeat sample.
package struct ComplianceRun {
  /// Runs with and without keeping answers, in turns.
  static let roundCount = 5

  private let plan: LoadPlan
  private let asker: SampleAsker
  private let residentCount: Int
  private let tolerance: Double

  /// - Parameters:
  ///   - residentCount: samples that timed runs ask, the first of the set.
  ///   - tolerance: by so much numbers may differ, in proportion; 0 is not by a bit.
  package init(
    _ plan: LoadPlan, samples: any AskedSamples, residentCount: Int, tolerance: Double
  ) {
    self.plan = plan
    asker = SampleAsker(samples)
    self.residentCount = residentCount
    self.tolerance = tolerance
  }

  /// Asks samples twice; before anything else is asked, so that no sample is known yet. Blocks.
  package func repeatSample(isOver: () -> Bool) -> ComplianceFigures.RepeatSample {
    RepeatTest(asker).run(isOver: isOver)
  }

  /// Measures; `nil` where it is all over. What was measured without keeping answers is joined in the
  /// outcome.
  ///
  /// - Parameter measure: one run, with a keeper or none; `nil` where it is all over.
  package func run(
    after repeatSample: ComplianceFigures.RepeatSample,
    _ measure: (LoadPlan, (any AnswerKeeper)?) -> LoadOutcome?
  ) -> LoadOutcome? {
    let kept = KeptAnswers(sampleCount: residentCount)
    var plain: [LoadOutcome] = []
    var keeping: [LoadOutcome] = []
    for round in 0..<Self.roundCount {
      let part = plan.part(round, of: Self.roundCount * 2)
      for isKeeping in round % 2 == 0 ? [false, true] : [true, false] {
        guard let outcome = measure(part, isKeeping ? kept : nil) else { return nil }
        if isKeeping { keeping.append(outcome) } else { plain.append(outcome) }
        if outcome.isInterrupted { return LoadOutcome(joining: plain) }
      }
    }
    var outcome = LoadOutcome(joining: plain)
    outcome?.compliance = ComplianceFigures(
      performanceMode: comparison(kept, speedRatio: Self.ratio(keeping, plain)),
      repeatSample: repeatSample)
    return outcome
  }

  /// The median of the rounds' ratios.
  private static func ratio(_ left: [LoadOutcome], _ right: [LoadOutcome]) -> Double? {
    let ratios = zip(left, right).compactMap { left, right -> Double? in
      guard let left = left.speed, let right = right.speed, right > 0 else { return nil }
      return left / right
    }.sorted()
    return ratios.count == roundCount ? ratios[roundCount / 2] : nil
  }

  private func comparison(
    _ kept: KeptAnswers, speedRatio: Double?
  ) -> ComplianceFigures.PerformanceMode {
    var differing = 0
    var compared = 0
    var largest = 0.0
    var problem: String?
    for (sample, answer) in kept.answers.sorted(by: { $0.key < $1.key }) {
      do throws(CallProblem) {
        let alone = try asker.answer(to: sample)
        compared += 1
        switch alone.difference(from: try asker.samples.content(of: answer, to: sample)) {
        case .none: continue
        case .numbers(let difference) where difference <= tolerance:
          largest = max(largest, difference)
        case .numbers(let difference):
          differing += 1
          problem = problem ?? "sample \(sample): numbers differ by \(difference)"
        case .form:
          differing += 1
          problem = problem ?? "sample \(sample): another answer altogether"
        }
      } catch {
        differing += 1
        problem = problem ?? error.text
      }
    }
    return ComplianceFigures.PerformanceMode(
      comparedCount: compared, differingCount: differing, largestDifference: largest,
      tolerance: tolerance, speedRatio: speedRatio, firstProblem: problem)
  }
}

extension LoadOutcome {
  /// Answers a second; where the clock says how many are asked, by how long they take.
  fileprivate var speed: Double? {
    guard figures.latencies.count > 0 else { return nil }
    return plan.scenario.isOpen ? figures.latencies.mean.map { 1e9 / max(1, $0) } : throughput
  }
}
