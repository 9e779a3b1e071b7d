import Inference
import Testing
import WireFormats

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

  private func record(_ instances: Int, _ throughput: Double, level: Int) -> TuningRecord {
    var record = TuningRecord(
      TuningConfiguration(
        variant: .init(precision: .f32, runtime: "onnxruntime"), instances: instances, threads: 1))
    record.fate = level == 0 ? .pruned : .measured
    record.figuresByLevel[level] = figures(throughput, p99: 10)
    return record
  }

  @Test func `a short run that was lucky is on no frontier`() throws {
    var report = TuningReport(goal: try read(), tolerance: 0, load: "")
    report.records = [record(1, 900, level: 0), record(2, 500, level: 2), record(3, 700, level: 1)]
    #expect(report.frontier == [1])
    let places = report.places
    #expect(places.short == [0, 2] && places.long == [1])
    // Where all runs are equally long none of them is short.
    report.records = [record(1, 900, level: 0), record(2, 500, level: 0)]
    #expect(report.frontier == [0])
  }

  // MARK: Accuracy

  private static let losses: [(metric: String, reference: Double, value: Double, loss: Double)] = [
    ("map", 0.4, 0.3, 0.25), ("accuracy", 0.9, 0.99, -0.1), ("rmse", 2, 3, 0.5),
    ("log_loss", 2, 1, -0.5), ("r2", -1, -1.5, 0.5), ("rmse", 0, 0.2, 0.2),
  ]

  @Test(arguments: losses)
  func `a loss of accuracy is in proportion, whether more is better or less`(
    metric: String, reference: Double, value: Double, loss: Double
  ) {
    let its = VariantAccuracy(metric: metric, value: value)
    let lost = its.loss(beside: VariantAccuracy(metric: metric, value: reference))
    #expect(abs(lost - loss) < 1e-12)
  }

  @Test func `accuracy has a column where labels say it, and else its lack is told`() throws {
    var report = TuningReport(goal: try read(), tolerance: 0.01, load: "")
    let plain = TuningConfiguration.Variant(precision: .f32, runtime: "onnxruntime")
    report.variants = [.init(variant: plain, verdict: .tried)]
    #expect(report.lines(name: "m").contains { $0.contains("accuracy not measured") })
    let fast = TuningConfiguration.Variant(precision: .int8, runtime: "openvino")
    report.variants = [
      .init(variant: plain, verdict: .tried, accuracy: .init(metric: "map", value: 0.41)),
      .init(
        variant: fast, verdict: .lessAccurate(loss: 0.25),
        accuracy: .init(metric: "map", value: 0.3075)),
    ]
    let text = report.lines(name: "m").joined(separator: "\n")
    for words in ["map", "0.4100", "0.3075", "loses 25.0 % of the accuracy of f32"] {
      #expect(text.contains(words), "\(words)")
    }
    #expect(!text.contains("accuracy not measured"))
    let document = report.json(environment: LoadEnvironment(facts: []), command: "")
    let told = document["variants"]?.elements[1]["accuracy"]
    #expect(told?["metric"] == .string("map") && told?["value"] == .number(0.3075))
    #expect(told.flatMap(VariantAccuracy.init(json:))?.value == 0.3075)
  }
}
