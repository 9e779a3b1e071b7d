import Inference
import Testing

@testable import LoadTesting

/// A model that is only a formula: what each configuration would come to, with noise that is less in
/// longer runs.
private struct CostModel: Sendable {
  /// Milliseconds of one row on one thread, by variant.
  var rowMilliseconds: [TuningConfiguration.Variant: Double]
  /// Of the work of a run so much is shared by its rows.
  var sharedPart = 0.0
  /// Of the work of a run so much gets shorter with threads.
  var parallelPart = 0.9
  var noise = 0.05
  var failing: Set<TuningConfiguration> = []

  func exact(_ one: TuningConfiguration) -> TuningFigures {
    let row = rowMilliseconds[one.variant] ?? 10
    let work = row * (sharedPart + (1 - sharedPart) * Double(one.rowsMax))
    let run = work * (1 - parallelPart + parallelPart / Double(one.threads))
    let throughput = Double(one.instances * one.rowsMax) / run * 1_000
    let latency = (run + Double(one.delayNanoseconds) / 1e6 / 4) * 1e6
    return TuningFigures(
      throughput: throughput, latencies: ["mean": latency, "p50": latency, "p99": latency * 1.1],
      queryCount: 100, memoryByteCount: one.instances * one.rowsMax << 20, nanoseconds: 1)
  }

  func measured(
    _ trial: TuningSearch.Trial, longest: UInt64, _ random: inout MersenneTwister
  ) -> TuningFigures {
    var figures = exact(trial.configuration)
    let size = noise * (Double(longest) / Double(trial.nanoseconds)).squareRoot() / 2
    let factor = 1 + size * (2 * random.fraction() - 1)
    figures.throughput *= factor
    for name in figures.latencies.keys { figures.latencies[name, default: 0] /= factor }
    figures.nanoseconds = trial.nanoseconds
    return figures
  }
}

@Suite struct TuningSearchTests {
  private static let plain = TuningConfiguration.Variant(precision: .f32, runtime: "onnxruntime")
  private static let other = TuningConfiguration.Variant(precision: .f32, runtime: "openvino")
  private static let fast = TuningConfiguration.Variant(precision: .auto, runtime: "openvino")
  private static let longest: UInt64 = 6_000_000_000
  private static let load: UInt64 = 400_000_000

  private func space(cores: Int = 2, rows: [Int] = [1, 2, 4, 8, 16]) -> TuningSpace {
    var axes = TuningSpace.Axes(variants: [Self.plain, Self.other, Self.fast], cores: cores)
    axes.rows = rows
    return TuningSpace(axes, cores: cores, hasRowAxis: true)
  }

  private func standard(cores: Int) -> TuningConfiguration {
    TuningConfiguration(variant: Self.plain, instances: cores, threads: 1)
  }

  private func goal(_ targets: String..., objective: TuningFigure = .throughput) throws
    -> TuningGoal
  {
    TuningGoal(targets: try targets.flatMap { try TuningTarget.parse($0) }, objective: objective)
  }

  private func effort(_ space: TuningSpace, budget: UInt64 = .max) -> TuningEffort {
    .halving(
      spaceCount: space.configurations.count, longestNanoseconds: Self.longest,
      loadNanoseconds: Self.load, budgetNanoseconds: budget)
  }

  /// Plays a search to its end; gives it and the time that it would have taken.
  private func play(
    _ search: TuningSearch, _ model: CostModel, seed: UInt64
  ) -> (search: TuningSearch, nanoseconds: UInt64) {
    var search = search
    var random = MersenneTwister(seed: seed &+ 77)
    var elapsed: UInt64 = 0
    while let trial = search.next(elapsedNanoseconds: elapsed) {
      elapsed += trial.nanoseconds + Self.load
      if model.failing.contains(trial.configuration) {
        search.fail(trial, "it crashed")
      } else {
        search.finish(trial, model.measured(trial, longest: Self.longest, &random))
      }
    }
    return (search, elapsed)
  }

  private static let models: [(name: String, model: CostModel)] = [
    (
      "a net that gains nothing from batches",
      CostModel(rowMilliseconds: [plain: 40, other: 38, fast: 21])
    ),
    (
      "one that shares much of its work",
      CostModel(rowMilliseconds: [plain: 4, other: 5, fast: 5], sharedPart: 0.8)
    ),
    (
      "one that threads do not help",
      CostModel(rowMilliseconds: [plain: 4, other: 3, fast: 2], sharedPart: 0.5, parallelPart: 0)
    ),
  ]

  @Test(arguments: 0..<models.count, [(2, 3), (2, 5), (8, 5)])
  func `comes within a twentieth of the best in a quarter of the time`(
    model: Int, size: (cores: Int, rowCount: Int)
  )
    throws
  {
    let (name, cost) = Self.models[model]
    let cores = size.cores
    let space = space(cores: cores, rows: Array([1, 2, 4, 8, 16].prefix(size.rowCount)))
    let goal = try goal()
    let best = try #require(space.configurations.map { cost.exact($0).throughput }.max())
    let grid = UInt64(space.configurations.count) * (Self.longest + Self.load)
    var misses = 0
    for seed in 0..<40 as Range<UInt64> {
      let (search, time) = play(
        TuningSearch(
          space, first: standard(cores: cores), goal: goal, effort: effort(space), seed: seed),
        cost, seed: seed)
      let winner = try #require(search.winner())
      if cost.exact(search.records[winner].configuration).throughput < best * 0.95 { misses += 1 }
      #expect(
        time < grid / 4, "\(name), seed \(seed): \(time / 1_000_000) ms of \(grid / 1_000_000)")
    }
    #expect(misses <= 2, "\(name), \(cores) cores: \(misses) of 40 seeds end too low")
  }

  @Test func `keeps the targets and says when nothing does`() throws {
    let cost = CostModel(
      rowMilliseconds: [Self.plain: 10, Self.other: 9, Self.fast: 6], sharedPart: 0.6)
    let space = space()
    for seed in 0..<10 as Range<UInt64> {
      let bounded = try goal("p99<15ms", "memory<4MiB")
      let (search, _) = play(
        TuningSearch(
          space, first: standard(cores: 2), goal: bounded, effort: effort(space), seed: seed),
        cost, seed: seed)
      let winner = try #require(search.winner())
      let figures = try #require(search.records[winner].figures)
      let p99 = try #require(figures.latencies["p99"])
      #expect(p99 <= 15e6)
      #expect(figures.memoryByteCount <= 4 << 20)
      let hopeless = try goal("p99<1ms")
      let (failed, _) = play(
        TuningSearch(
          space, first: standard(cores: 2), goal: hopeless, effort: effort(space), seed: seed),
        cost, seed: seed)
      #expect(failed.winner() == nil)
      var report = TuningReport(goal: hopeless, tolerance: 0, load: "")
      report.records = failed.records
      #expect(report.nearest?.contains("for p99<1ms") ?? false)
    }
  }

  @Test func `the same seed makes the same search`() throws {
    let cost = Self.models[1].model
    let space = space()
    let goal = try goal()
    let searches = [3, 3, 4].map { seed in
      play(
        TuningSearch(
          space, first: standard(cores: 2), goal: goal, effort: effort(space), seed: seed),
        cost, seed: 1
      ).search.records.map(\.configuration)
    }
    #expect(searches[0] == searches[1])
    #expect(searches[0] != searches[2])
  }

  @Test func `what fails is left behind, and others go on`() throws {
    var cost = Self.models[0].model
    let space = space()
    cost.failing = Set(space.configurations.filter { $0.variant == Self.fast })
    let (search, _) = play(
      TuningSearch(
        space, first: standard(cores: 2), goal: try goal(), effort: effort(space), seed: 5),
      cost, seed: 5)
    let winner = try #require(search.winner())
    #expect(search.records[winner].configuration.variant != Self.fast)
    let failed = search.records.filter { $0.fate == .failed("it crashed") }
    #expect(!failed.isEmpty)
    #expect(!failed.contains { $0.isMeasured })
    // All of them at once: the search ends without a winner.
    cost.failing = Set(space.configurations + [standard(cores: 2)])
    let (none, _) = play(
      TuningSearch(
        space, first: standard(cores: 2), goal: try goal(), effort: effort(space), seed: 5),
      cost, seed: 5)
    #expect(none.winner() == nil)
  }

  @Test func `figures with failed queries count as a failure`() throws {
    let space = space()
    var search = TuningSearch(
      space, first: standard(cores: 2), goal: try goal(), effort: effort(space), seed: 1)
    let next = search.next(elapsedNanoseconds: 0)
    let trial = try #require(next)
    var figures = Self.models[0].model.exact(trial.configuration)
    figures.failedCount = 2
    figures.firstFailure = "the queue is full"
    search.finish(trial, figures)
    #expect(search.records[trial.place].fate == .failed("the queue is full"))
  }

  @Test func `no trial begins after the budget, and what there is decides`() throws {
    let space = space(cores: 8)
    let budget: UInt64 = 30_000_000_000
    let (search, time) = play(
      TuningSearch(
        space, first: standard(cores: 8), goal: try goal(), effort: effort(space, budget: budget),
        seed: 2),
      Self.models[0].model, seed: 2)
    #expect(time < budget + Self.longest + Self.load)
    #expect(search.winner() != nil)
    #expect(search.records.count < 20)
  }

  @Test func `a grid measures all, each for the longest time`() throws {
    let space = space()
    let (search, time) = play(
      TuningSearch(
        space, first: standard(cores: 2), goal: try goal(),
        effort: .grid(
          spaceCount: space.configurations.count, longestNanoseconds: Self.longest,
          budgetNanoseconds: .max), seed: 2),
      Self.models[0].model, seed: 2)
    #expect(Set(search.records.map(\.configuration)) == Set(space.configurations))
    #expect(time == UInt64(space.configurations.count) * (Self.longest + Self.load))
  }

  @Test func `the default is measured first, also where it is not in the space`() throws {
    let space = space()
    let odd = TuningConfiguration(variant: Self.plain, instances: 1, threads: 2, rowsMax: 3)
    var search = TuningSearch(space, first: odd, goal: try goal(), effort: effort(space), seed: 2)
    let next = search.next(elapsedNanoseconds: 0)
    #expect(next?.configuration == odd)
  }

  // MARK: The space

  @Test func `threads of all instances fit the cores, and whoever runs alone waits for nobody`() {
    let space = space(cores: 4)
    #expect(space.configurations.allSatisfy { $0.instances * $0.threads <= 4 })
    #expect(space.configurations.allSatisfy { $0.rowsMax > 1 || $0.delayNanoseconds == 0 })
    #expect(Set(space.configurations).count == space.configurations.count)
    let alone = TuningSpace(
      TuningSpace.Axes(variants: [Self.plain], cores: 4), cores: 4, hasRowAxis: false)
    #expect(alone.configurations.allSatisfy { $0.rowsMax == 1 })
    #expect(alone.configurations.count == 6)
  }

  @Test(arguments: [(1, [1]), (2, [1, 2]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])])
  func `axes are powers of two and the cores`(cores: Int, expected: [Int]) {
    #expect(TuningSpace.Axes.powers(upTo: cores) == expected)
  }

  @Test func `neighbours differ by one step`() {
    let space = space(cores: 4)
    let one = TuningConfiguration(variant: Self.plain, instances: 2, threads: 1, rowsMax: 4)
    let neighbours = space.neighbours(of: one)
    #expect(
      neighbours.contains(
        TuningConfiguration(variant: Self.fast, instances: 2, threads: 1, rowsMax: 4)))
    #expect(
      neighbours.contains(
        TuningConfiguration(variant: Self.plain, instances: 4, threads: 1, rowsMax: 4)))
    #expect(
      neighbours.contains(
        TuningConfiguration(variant: Self.plain, instances: 1, threads: 2, rowsMax: 4)))
    #expect(
      neighbours.contains(
        TuningConfiguration(variant: Self.plain, instances: 2, threads: 1, rowsMax: 8)))
    #expect(
      !neighbours.contains(
        TuningConfiguration(variant: Self.plain, instances: 2, threads: 1, rowsMax: 16)))
    #expect(!neighbours.contains(one))
  }
}
