import Inference
import Testing

@testable import LoadTesting

@Suite struct TuningGoalTests {
  @Test func `targets are read with their units`() throws {
    let targets = try TuningTarget.parse("p99 < 30ms, throughput>=100/s,memory<1.5GB,latency<=2s")
    #expect(targets.map(\.figure) == [.p99, .throughput, .memory, .p99])
    #expect(targets.map(\.bound) == [30e6, 100, 1.5e9, 2e9])
  }

  @Test(
    arguments: [
      ("p99>30ms", "what is wanted, p99<BOUND"), ("throughput<100", "throughput>BOUND"),
      ("p98<30ms", "one of the figures"), ("p99<30", "a time in us, ms or s"),
      ("p99<-1ms", "a time"), ("memory<500", "bytes with a unit"), ("p99", "p99<BOUND"),
      ("", "one of the figures"), ("p99<30ms,", "one of the figures"),
    ])
  func `what is no target says what was expected`(text: String, words: String) {
    let problem = #expect(throws: TuningTarget.Problem.self) { try TuningTarget.parse(text) }
    #expect(problem?.description.contains(words) ?? false, "\(problem?.description ?? "")")
  }

  private func read(
    _ targets: [String] = [], maximise: String? = nil, minimise: String? = nil,
    hasRate: Bool = false
  ) throws -> TuningGoal {
    try TuningGoal.read(
      targets: targets, maximise: maximise, minimise: minimise, hasRate: hasRate)
  }

  @Test func `throughput is maximised, and p99 minimised where a rate is offered`() throws {
    #expect(try read().objective == .throughput)
    #expect(try read(hasRate: true).objective == .p99)
    #expect(try read(minimise: "latency").objective == .p99)
    #expect(try read(["p99<3ms"]).text == "throughput as high as can be with p99<3ms")
  }

  @Test func `what cannot be aimed at is refused`() {
    #expect(throws: TuningTarget.Problem.self) { try read(maximise: "p99") }
    #expect(throws: TuningTarget.Problem.self) { try read(minimise: "throughput") }
    #expect(throws: TuningTarget.Problem.self) { try read(maximise: "throughput", minimise: "p99") }
    #expect(throws: TuningTarget.Problem.self) { try read(maximise: "throughput", hasRate: true) }
  }

  private func figures(_ throughput: Double, p99: Double, memory: Int = 1) -> TuningFigures {
    TuningFigures(
      throughput: throughput, latencies: ["p99": p99 * 1e6], queryCount: 10,
      memoryByteCount: memory << 20, nanoseconds: 1)
  }

  @Test
  func `what keeps the target comes before what is faster, and the nearer miss before the farther`()
    throws
  {
    let goal = try read(["p99<30ms"])
    let ranked = [
      figures(10, p99: 20), figures(20, p99: 29), figures(90, p99: 31), figures(80, p99: 60),
    ]
    let ranks = ranked.map { goal.rank($0) }
    #expect(ranks[1] > ranks[0] && ranks[0] > ranks[2] && ranks[2] > ranks[3])
    #expect(goal.rank(ranked[2], slack: 1.05) > goal.rank(ranked[1], slack: 1.05))
  }

  // MARK: Answers

  private func values(_ numbers: Double...) -> AnswerDifference.Values {
    .init(isText: false, numbers: numbers)
  }

  @Test func `a difference is the largest distance, and that of the norms`() throws {
    let difference = try #require(AnswerDifference([[values(3, 4.5)]], from: [[values(3, 4)]]))
    #expect(difference.absolute == 0.5)
    #expect(abs(difference.relative - 0.1) < 1e-12)
    #expect(AnswerDifference([[values(1, .nan)]], from: [[values(1, .nan)]])?.isNone ?? false)
    #expect(AnswerDifference([[values(1, .nan)]], from: [[values(1, 2)]])?.relative == .infinity)
    #expect(AnswerDifference([[values(1)]], from: [[values(1, 2)]]) == nil)
    let texts = AnswerDifference(
      [[.init(isText: true, numbers: [5, 6])]], from: [[.init(isText: true, numbers: [5, 900])]])
    #expect(texts?.absolute == 1)
  }

  @Test func `answers come back from a file as they went there`() {
    let answers = [[values(1, 2), values()], [values(.infinity, -3)], []]
    #expect(AnswerText.answers(AnswerText.bytes(answers)) == answers)
    #expect(AnswerText.answers(AnswerText.bytes(answers).dropLast(16)) == nil)
  }

  // MARK: What is gained

  private let one = TuningConfiguration(
    variant: .init(precision: .f32, runtime: "onnxruntime"), instances: 1, threads: 1)

  private func gain(_ ratio: Double, spread: Double) -> TuningGain? {
    TuningGain(
      (0..<6).map { round in
        let factor = 1 + spread * (round % 2 == 0 ? 1 : -1)
        return (figures(100 * ratio * factor, p99: 10 / ratio / factor), figures(100, p99: 10))
      }, of: one, objective: .p90)
  }

  @Test func `a gain has its interval, and noise is none`() throws {
    let clear = try #require(gain(1.5, spread: 0.05))
    let throughput = try #require(clear.ratios.first { $0.figure == .throughput })
    #expect(throughput.low > 1.4 && throughput.high < 1.6 && throughput.isBetter)
    #expect(clear.ratios.first { $0.figure == .p99 }?.isBetter ?? false)
    let noise = try #require(gain(1.01, spread: 0.2))
    #expect(noise.ratios.first { $0.figure == .throughput }?.isNoise ?? false)
    #expect(
      TuningGain(
        [(figures(1, p99: 1), figures(1, p99: 1))], of: one, objective: .p99) == nil)
  }

  // MARK: The frontier

  @Test func `the frontier leaves out what another beats in everything`() throws {
    var report = TuningReport(goal: try read(), tolerance: 0, load: "")
    let points = [(100.0, 10.0, 5), (50, 5, 5), (40, 9, 9), (99.5, 10, 5), (20, 20, 1)]
    report.records = points.enumerated().map { index, point in
      var record = TuningRecord(
        TuningConfiguration(
          variant: .init(precision: .f32, runtime: "onnxruntime"), instances: index + 1, threads: 1)
      )
      record.fate = .measured
      record.figuresByLevel[0] = figures(point.0, p99: point.1, memory: point.2)
      return record
    }
    #expect(report.frontier.first == 1)
    #expect(Set(report.frontier) == [0, 1, 3, 4])
    #expect(report.lines(name: "m").contains { $0.hasPrefix("frontier") })
  }
}
