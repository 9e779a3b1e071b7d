/// Judges the answers of timed runs over a whole set: what a run did not ask is asked when its clock has
/// stopped, once for all runs of the command.
package final class AccuracyRun {
  private let asker: SampleAsker
  private let truth: SampleTruth
  private var late: [Int: AnswerContent] = [:]
  private var lateProblem: CallProblem?

  package init(_ samples: any AskedSamples, truth: SampleTruth) {
    asker = SampleAsker(samples)
    self.truth = truth
  }

  /// Blocks until the whole set is answered, or it is all over.
  ///
  /// - Parameters:
  ///   - isOver: whether nothing more is to be asked.
  ///   - tick: called before each sample that is asked, with its place in the set.
  package func figures(
    for kept: KeptAnswers, isOver: () -> Bool, tick: (Int) -> Void
  ) throws(AccuracyProblem) -> AccuracyFigures {
    var answers = [AnswerContent?](repeating: nil, count: asker.samples.sampleCount)
    var firstProblem: CallProblem?
    for (sample, answer) in kept.answers {
      do throws(CallProblem) {
        answers[sample] = try asker.samples.content(of: answer, to: sample)
      } catch {
        firstProblem = firstProblem ?? error
      }
    }
    let missing = answers.indices.filter { answers[$0] == nil }
    for sample in missing where late[sample] == nil {
      if isOver() { break }
      tick(sample)
      do throws(CallProblem) {
        late[sample] = try asker.answer(to: sample)
      } catch {
        lateProblem = lateProblem ?? error
        // A target that is gone would take its time to fail for each.
        if error.kind == "connection_refused" || error.kind == "timeout" { break }
      }
    }
    for sample in missing { answers[sample] = late[sample] }
    firstProblem = firstProblem ?? lateProblem
    guard answers.contains(where: { $0 != nil }) else {
      throw AccuracyProblem(firstProblem?.text ?? "no sample has an answer")
    }
    var figures = try truth.figures(for: answers, names: asker.samples.classNames)
    if let note = asker.samples.note { figures.notes.append(note) }
    figures.lateCount = missing.count { late[$0] != nil }
    if let firstProblem, figures.unansweredCount > 0 {
      figures.notes.append("the first without an answer: \(firstProblem.text)")
    }
    return figures
  }
}
