import Testing

@testable import LoadTesting

@Suite struct KeptAnswersTests {
  @Test func `one answer to each sample is wanted`() {
    let kept = KeptAnswers(sampleCount: 2)
    #expect(kept.wants(1))
    #expect(!kept.wants(1))
    kept.keep(.body([1, 2]), of: 1)
    #expect(kept.wants(0))
    #expect(kept.answers.keys.sorted() == [1])
  }

  @Test func `nothing more is wanted when there is no room`() {
    let kept = KeptAnswers(sampleCount: 3, byteCountMax: 4)
    #expect(kept.wants(0))
    kept.keep(.body([1, 2, 3, 4]), of: 0)
    #expect(!kept.wants(1))
  }

  @Test func `what a run did not ask is asked after it, and judged with the rest`() throws {
    let samples = ParrotSamples(count: 4)
    let run = AccuracyRun(samples, truth: .labels([["0"], ["1"], ["2"], ["9"]]))
    let kept = KeptAnswers(sampleCount: 2)
    kept.keep(.body([0]), of: 0)
    var asked: [Int] = []
    let figures = try run.figures(for: kept, isOver: { false }) { asked.append($0) }
    #expect(asked == [1, 2, 3])
    #expect(figures.value(of: "accuracy") == 0.75)
    #expect(figures.sampleCount == 4)
    #expect(figures.lateCount == 3)
    asked = []
    _ = try run.figures(for: KeptAnswers(sampleCount: 2), isOver: { false }) { asked.append($0) }
    #expect(asked == [0], "asked once for all runs")
  }

  @Test func `what is over is judged as far as it came`() throws {
    let run = AccuracyRun(ParrotSamples(count: 2), truth: .labels([["0"], ["1"]]))
    let kept = KeptAnswers(sampleCount: 2)
    kept.keep(.body([0]), of: 0)
    let figures = try run.figures(for: kept, isOver: { true }) { _ in }
    #expect(figures.sampleCount == 1)
    #expect(figures.unansweredCount == 1)
  }

  @Test func `samples asked twice tell what is remembered, and too few tell nothing`() {
    let pairs = [UInt64](repeating: 1_000, count: 9)
    let slow = RepeatTest.figures(firsts: pairs.map { $0 * 2 }, seconds: pairs, problem: nil)
    #expect(slow.speedRatio == 2)
    #expect(!slow.isPassed)
    #expect(RepeatTest.figures(firsts: pairs, seconds: pairs, problem: nil).isPassed)
    let few = RepeatTest.figures(firsts: [1, 2], seconds: [1, 2], problem: nil)
    #expect(!few.isPassed)
    #expect(few.firstProblem?.contains("9 different samples") == true)
    #expect(!RepeatTest.figures(firsts: pairs, seconds: pairs, problem: "gone").isPassed)
  }
}

/// Samples whose answer is their number.
private struct ParrotSamples: AskedSamples {
  let count: Int

  var sampleCount: Int { count }
  var classNames: [String] { [] }
  var note: String? { nil }

  func target(from sample: Int) -> any LoadTarget { ParrotTarget(sample: sample) }

  func content(of answer: LoadAnswer, to sample: Int) -> AnswerContent {
    guard case .body(let bytes) = answer else { return .bytes([]) }
    return .tensors([
      AnswerTensor(name: "y", shape: [1], numbers: bytes.map { Double($0) }, isInteger: true)
    ])
  }
}

private struct ParrotTarget: LoadTarget {
  let sample: Int

  var sampleCount: Int { 1 }

  func makeCaller(answers: (any AnswerKeeper)?) -> any LoadCaller {
    Caller(sample: sample, answers: answers)
  }

  private struct Caller: LoadCaller {
    let sample: Int
    let answers: (any AnswerKeeper)?

    func ask(_ samples: [Int]) { answers?.keep(.body([UInt8(sample)]), of: 0) }
  }
}
