import Inference
import Jobs
import Reports
import Serving
import WireFormats

/// One `apus run`: reads, asks, writes and prints, in the order of the inputs.
struct RunSession: Sendable {
  let inputs: [String]
  let outputs: OutputPlan?
  let isJSON: Bool
  let job: Job

  /// What is printed for one input.
  private struct Printed: Sendable {
    let text: String
    let problem: String?
  }

  /// Blocks until all are done; gives how many failed.
  func run(concurrency: Int) -> Int {
    var progress = ProgressLine(
      total: inputs.count, isTerminal: Terminal.isWatched, now: MonotonicClock.now())
    var failedCount = 0
    JobQueue(count: inputs.count, concurrency: concurrency).run(
      { self.printed(at: $0) },
      deliver: { index, printed in
        Terminal.show(progress.clearing())
        if !printed.text.isEmpty { Terminal.tell(printed.text) }
        guard let problem = printed.problem else { return }
        failedCount += 1
        Terminal.complain("\(inputs[index]): \(problem)")
      },
      tick: { doneCount in
        let text = progress.text(doneCount: doneCount, now: MonotonicClock.now())
        Terminal.show(text ?? "")
      })
    Terminal.show(progress.clearing())
    return failedCount
  }

  private func printed(at index: Int) -> Printed {
    do {
      let bytes = try JobFile.read(inputs[index])
      let answer = try bytes.withUnsafeBytes { try job.answer(to: $0, name: inputs[index]) }
      let text = try text(of: answer, at: index)
      try write(answer, at: index)
      return Printed(text: text, problem: nil)
    } catch let failure as InferenceFailure {
      return failed(FailureMessage.text(for: failure))
    } catch {
      return failed("\(error)")
    }
  }

  /// With `--json` a failed input has its line, too, so that lines and inputs stay together.
  private func failed(_ problem: String) -> Printed {
    let line = isJSON ? String(decoding: OpenInferenceDocuments.error(problem), as: UTF8.self) : ""
    return Printed(text: line, problem: problem)
  }

  private func text(of answer: JobAnswer, at index: Int) throws -> String {
    if isJSON { return String(decoding: try answer.json(), as: UTF8.self) }
    let title = inputs.count > 1 ? ["\(TextTable.harmless(inputs[index])):"] : []
    return (title + answer.lines).joined(separator: "\n")
  }

  private func write(_ answer: JobAnswer, at index: Int) throws {
    guard let outputs else { return }
    let file = outputs.file(at: index, isPhoto: answer.annotated != nil)
    try JobFile.write(try answer.annotated ?? answer.json(), to: file)
  }
}
