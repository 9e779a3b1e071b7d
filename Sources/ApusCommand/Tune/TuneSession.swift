import Inference
import LoadTesting
import ModelStore
import Reports
import Serving
import Settings

/// One `apus tune`: tries what computes the model and how exactly, searches, and measures the winner
/// against the default. Used by one thread, once.
final class TuneSession {
  /// What was asked for.
  struct Request {
    let place: TrialWorker.Place
    let name: String
    /// ONNX Runtime can load it.
    let isONNX: Bool
    let machine: MachineLimits
    let goal: TuningGoal
    let effort: TuningEffortArguments.Values
    let variants: [TuningConfiguration.Variant]
    let axes: TuningSpace.Axes
    let isQuiet: Bool
  }

  /// Answers that are compared.
  private static let answerCount = 4
  private static let probeNanoseconds: UInt64 = 500_000_000
  /// The longest run lasts for so many requests that come one by one, within bounds.
  private static let longestRequests: UInt64 = 150
  private static let longestNanoseconds: ClosedRange<UInt64> = 2_000_000_000...20_000_000_000
  private static let usualBudgetNanoseconds: UInt64 = 300_000_000_000
  /// Of the longest run a round of the comparison takes a third.
  private static let roundPart: UInt64 = 3
  /// Winners that may turn out not to keep the targets.
  private static let winnersMax = 3

  private let asked: Request
  private let began = MonotonicClock.now()
  private var report: TuningReport

  init(_ request: Request) {
    asked = request
    report = TuningReport(
      goal: request.goal, tolerance: request.effort.tolerance, load: request.effort.load)
  }

  /// Blocks until all is done, or somebody ends it; gives what there is.
  func run() throws -> TuningReport {
    do throws(TrialProblem) {
      try measureAll()
    } catch {
      if case .failed(let reason) = error {
        clearProgress()
        throw Failure.operation("\(asked.name): \(reason)")
      }
      report.isInterrupted = true
      report.winner = nil
    }
    clearProgress()
    report.totalNanoseconds = elapsed
    return report
  }

  private func measureAll() throws(TrialProblem) {
    defer { if report.searchNanoseconds == 0 { report.searchNanoseconds = elapsed } }
    let ground = try lookAround()
    try tryVariants()
    let space = space(on: ground)
    let longest = asked.effort.longestNanoseconds ?? longest(ground.requestNanoseconds)
    var search = TuningSearch(
      space, first: ground.standard, goal: asked.goal,
      effort: effort(space.configurations.count, longest, ground), seed: asked.place.seed)
    defer { report.records = search.records }
    try run(&search)
    report.searchNanoseconds = elapsed
    try decide(search, standard: ground.standard, longest / Self.roundPart)
  }

  private var elapsed: UInt64 { MonotonicClock.now().nanoseconds(since: began) }

  // MARK: What there is

  /// The model as it stands.
  private struct Ground {
    let standard: TuningConfiguration
    let hasRowAxis: Bool
    let rowsBound: Int
    let loadedByteCount: Int
    /// What one instance took beside that, for one request.
    let instanceByteCount: Int
    let requestNanoseconds: UInt64
    let loadNanoseconds: UInt64
  }

  private func lookAround() throws(TrialProblem) -> Ground {
    progress("loading the model as it stands")
    let worker = try TrialWorker(nil, at: asked.place)
    let loadNanoseconds = elapsed
    let figures = try worker.measure(
      callers: 1, rate: nil, nanoseconds: Self.probeNanoseconds, seed: asked.place.seed)
    guard figures.isUsable, let latency = TuningFigure.mean.value(in: figures) else {
      throw .failed(figures.firstFailure ?? "it answers nothing")
    }
    report.standard = worker.configuration
    return Ground(
      standard: worker.configuration, hasRowAxis: worker.hasRowAxis, rowsBound: worker.rowsBound,
      loadedByteCount: worker.loadedByteCount,
      instanceByteCount: max(0, figures.memoryByteCount - worker.loadedByteCount),
      requestNanoseconds: UInt64(latency), loadNanoseconds: loadNanoseconds)
  }

  /// Loads each variant once, and compares its answers with those of f32.
  private func tryVariants() throws(TrialProblem) {
    let reference = TuningConfiguration.Variant(
      precision: .f32, runtime: asked.isONNX ? "onnxruntime" : "openvino")
    progress("trying \(reference.text)")
    let right = try probe(reference)
    var known: [(variant: TuningConfiguration.Variant, answers: [[AnswerDifference.Values]])] = []
    // Its own is tried whatever it costs: somebody chose it.
    let usual = report.standard.map { [$0.variant] } ?? []
    for variant in asked.variants + usual
    where !report.variants.contains(where: { $0.variant == variant }) {
      do throws(TrialProblem) {
        if variant != reference { progress("trying \(variant.text)") }
        let probe = variant == reference ? right : try probe(variant)
        let trial = try judged(variant, probe, right, known, isOwn: usual.contains(variant))
        if trial.verdict == .tried { known.append((variant, probe.answers)) }
        report.variants.append(trial)
      } catch {
        guard case .failed(let reason) = error else { throw error }
        report.variants.append(.init(variant: variant, verdict: .failed(reason)))
      }
    }
  }

  private func judged(
    _ variant: TuningConfiguration.Variant, _ probe: Probe, _ right: Probe,
    _ known: [(variant: TuningConfiguration.Variant, answers: [[AnswerDifference.Values]])],
    isOwn: Bool
  ) throws(TrialProblem) -> TuningReport.VariantTrial {
    guard let difference = AnswerDifference(probe.answers, from: right.answers) else {
      throw .failed("its answers have another form than those of f32")
    }
    // The same runtime with the same bits does the same work.
    let twin = known.first { $0.variant.runtime == variant.runtime && $0.answers == probe.answers }
    let verdict: TuningReport.VariantTrial.Verdict =
      if isOwn {
        .tried
      } else if let excess = excess(of: probe, difference, beside: right) {
        excess
      } else {
        twin.map { .same(as: $0.variant.text) } ?? .tried
      }
    return .init(
      variant: variant, verdict: verdict, difference: difference, accuracy: probe.accuracy,
      figures: probe.figures)
  }

  /// Why it is not chosen; `nil` where it may be. Labels say more than how far numbers lie apart.
  private func excess(
    of probe: Probe, _ difference: AnswerDifference, beside right: Probe
  ) -> TuningReport.VariantTrial.Verdict? {
    guard let accuracy = probe.accuracy, let its = right.accuracy else {
      return difference.relative > asked.effort.tolerance ? .beyondTolerance : nil
    }
    let loss = accuracy.loss(beside: its)
    return loss > asked.effort.tolerance ? .lessAccurate(loss: loss) : nil
  }

  /// What one way of computing the model comes to by itself.
  private struct Probe {
    let answers: [[AnswerDifference.Values]]
    let accuracy: VariantAccuracy?
    let figures: TuningFigures
  }

  private func probe(
    _ variant: TuningConfiguration.Variant
  ) throws(TrialProblem) -> Probe {
    let worker = try TrialWorker(
      TuningConfiguration(variant: variant, instances: 1, threads: 1), at: asked.place)
    let answers = try worker.answers(Self.answerCount)
    let figures = try worker.measure(
      callers: 1, rate: nil, nanoseconds: Self.probeNanoseconds, seed: asked.place.seed)
    if worker.isLabelled { progress("how often \(variant.text) is right") }
    return Probe(answers: answers, accuracy: try worker.accuracy(), figures: figures)
  }

  // MARK: The search

  /// What may be chosen; without what would not fit into memory.
  private func space(on ground: Ground) -> TuningSpace {
    let variants = report.variants.filter { $0.verdict == .tried }.map(\.variant)
    let cores = asked.machine.cores
    var axes = asked.axes
    axes.variants = variants
    if ground.rowsBound > 0 {
      axes.rows = Array(Set(axes.rows.map { min($0, ground.rowsBound) }))
    }
    let all = TuningSpace(axes, cores: cores, hasRowAxis: ground.hasRowAxis)
    let fitting = all.filtered { fit(of: $0, on: ground).verdict != .exceeds }
    let unfit = all.configurations.filter { fit(of: $0, on: ground).verdict == .exceeds }
    report.spaceCount = fitting.configurations.count
    report.unfit = unfit.first.map { first in
      (unfit.count, "\(first.text): \(fit(of: first, on: ground).sentence)")
    }
    return fitting
  }

  /// A batch takes as much as its rows by themselves.
  private func fit(of one: TuningConfiguration, on ground: Ground) -> MemoryFit {
    MemoryFit(
      footprintByteCount: ground.loadedByteCount,
      instanceByteCount: ground.instanceByteCount * one.rowsMax, instanceCount: one.instances,
      availableByteCount: asked.machine.memoryByteCount)
  }

  private func longest(_ requestNanoseconds: UInt64) -> UInt64 {
    let bounds = Self.longestNanoseconds
    return min(max(requestNanoseconds * Self.longestRequests, bounds.lowerBound), bounds.upperBound)
  }

  private func effort(_ count: Int, _ longest: UInt64, _ ground: Ground) -> TuningEffort {
    guard !asked.effort.isGrid else {
      return .grid(
        spaceCount: count, longestNanoseconds: longest,
        budgetNanoseconds: asked.effort.budgetNanoseconds ?? .max)
    }
    return .halving(
      spaceCount: count, longestNanoseconds: longest, loadNanoseconds: ground.loadNanoseconds,
      budgetNanoseconds: asked.effort.budgetNanoseconds ?? Self.usualBudgetNanoseconds)
  }

  private func run(_ search: inout TuningSearch) throws(TrialProblem) {
    while let trial = search.next(elapsedNanoseconds: elapsed) {
      let best = search.winner().flatMap { search.records[$0].figures }
        .flatMap(asked.goal.objective.value).map { "; best \(asked.goal.objective.text($0))" }
      progress("\(trial.configuration.text) for \(Readable.time(trial.nanoseconds))\(best ?? "")")
      do throws(TrialProblem) {
        let worker = try TrialWorker(trial.configuration, at: asked.place)
        search.finish(trial, try measure(worker, trial.nanoseconds, seed: asked.place.seed))
      } catch {
        guard case .failed(let reason) = error else { throw error }
        search.fail(trial, reason)
      }
    }
  }

  private func measure(
    _ worker: TrialWorker, _ nanoseconds: UInt64, seed: UInt64
  ) throws(TrialProblem) -> TuningFigures {
    try worker.measure(
      callers: asked.effort.concurrency ?? worker.configuration.callers, rate: asked.effort.rate,
      nanoseconds: nanoseconds, seed: seed)
  }

  // MARK: The winner

  /// The best that keeps the targets also when it is measured in turns with the default; the default
  /// itself, where it keeps them and nothing is better beyond doubt.
  private func decide(
    _ search: TuningSearch, standard: TuningConfiguration, _ nanoseconds: UInt64
  ) throws(TrialProblem) {
    let own = search.records.firstIndex { $0.configuration == standard && $0.isMeasured }
    var refused: Set<Int> = []
    while refused.count < Self.winnersMax, let winner = search.winner(without: refused) {
      report.winner = winner
      guard winner != own else { return }
      let configuration = search.records[winner].configuration
      report.gain = try compare(configuration, standard, nanoseconds)
      guard let gain = report.gain else { return }
      if let own, asked.goal.rank(gain.standard).isWithin, !gain.isBetter(by: asked.goal.objective)
      {
        report.winner = own
        return
      }
      guard !asked.goal.rank(gain.winner).isWithin else { return }
      refused.insert(winner)
      report.winner = nil
      report.gain = nil
    }
  }

  /// In rounds, of which each begins with the other.
  private func compare(
    _ winner: TuningConfiguration, _ standard: TuningConfiguration, _ nanoseconds: UInt64
  ) throws(TrialProblem) -> TuningGain? {
    let first = try TrialWorker(winner, at: asked.place)
    let second = try TrialWorker(standard, at: asked.place)
    var rounds: [(winner: TuningFigures, standard: TuningFigures)] = []
    for round in 0..<TuningGain.roundCount {
      progress("the winner and the default in turns, \(round + 1) of \(TuningGain.roundCount)")
      let seed = asked.place.seed &+ UInt64(round) &+ 1
      if round % 2 == 0 {
        let one = try measure(first, nanoseconds, seed: seed)
        rounds.append((one, try measure(second, nanoseconds, seed: seed)))
      } else {
        let other = try measure(second, nanoseconds, seed: seed)
        rounds.append((try measure(first, nanoseconds, seed: seed), other))
      }
    }
    return TuningGain(
      rounds, of: winner, objective: asked.goal.objective)
  }

  // MARK: Progress

  /// To the line's start, and empty from there: ECMA-48, EL.
  private static let clearedLine = "\r\u{1B}[K"

  /// One line that changes on a terminal, else one after the other.
  private func progress(_ text: String) {
    let seconds = Readable.decimal(Double(elapsed) / 1e9, places: 0)
    if Terminal.isWatched {
      Terminal.show("\(Self.clearedLine)\(seconds) s  \(text)")
    } else if !asked.isQuiet {
      Terminal.show("\(seconds) s: \(text)\n")
    }
  }

  private func clearProgress() { if Terminal.isWatched { Terminal.show(Self.clearedLine) } }
}
