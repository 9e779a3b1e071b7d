import Inference
import Reports
package import WireFormats

/// What a tuning found, for people and for programs.
package struct TuningReport: Sendable {
  /// One way of computing the model, by itself: what it costs in accuracy.
  package struct VariantTrial: Sendable {
    package enum Verdict: Sendable, Equatable {
      case tried
      /// Its answers are further from the reference than is allowed.
      case beyondTolerance
      /// Of the reference's accuracy it loses more than is allowed.
      case lessAccurate(loss: Double)
      /// It computes the same as one that is tried.
      case same(as: String)
      case failed(String)
    }

    package let variant: TuningConfiguration.Variant
    package let verdict: Verdict
    /// `nil` for one that does not load.
    package let difference: AnswerDifference?
    /// `nil` where nothing says what is right.
    package let accuracy: VariantAccuracy?
    /// One request at a time, one thread.
    package let figures: TuningFigures?

    package init(
      variant: TuningConfiguration.Variant, verdict: Verdict, difference: AnswerDifference? = nil,
      accuracy: VariantAccuracy? = nil, figures: TuningFigures? = nil
    ) {
      self.accuracy = accuracy
      self.variant = variant
      self.verdict = verdict
      self.difference = difference
      self.figures = figures
    }
  }

  package let goal: TuningGoal
  package let tolerance: Double
  /// How it was asked: `closed loop, as many callers as it can serve at once`.
  package let load: String
  package var variants: [VariantTrial] = []
  /// Configurations that there were to choose from.
  package var spaceCount = 0
  /// Left out because they would not fit into memory: how many, and why the first.
  package var unfit: (count: Int, reason: String)?
  package var records: [TuningRecord] = []
  package var standard: TuningConfiguration?
  /// Place of the chosen record.
  package var winner: Int?
  package var gain: TuningGain?
  package var searchNanoseconds: UInt64 = 0
  package var totalNanoseconds: UInt64 = 0
  package var isInterrupted = false

  package init(goal: TuningGoal, tolerance: Double, load: String) {
    self.goal = goal
    self.tolerance = tolerance
    self.load = load
  }

  /// Records that no other beats by throughput, p99 and memory at once; a difference of a fiftieth is
  /// none. By ascending p99. Only those that were measured for longest: a short run that was luckier
  /// would beat them.
  package var frontier: [Int] {
    let measured = places.long.filter { records[$0].isMeasured && records[$0].figures != nil }
    return measured.filter { place in
      !measured.contains { $0 != place && isBetter($0, than: place) }
    }
    .sorted { latency($0) < latency($1) }
  }

  /// Places of records that have only shorter runs than others, and of all others.
  var places: (short: [Int], long: [Int]) {
    let longest = records.filter(\.isMeasured).compactMap(\.level).max()
    let short = records.indices.filter { records[$0].isMeasured && records[$0].level != longest }
    return (short, records.indices.filter { !short.contains($0) })
  }

  private func latency(_ place: Int) -> Double {
    records[place].figures.flatMap { TuningFigure.p99.value(in: $0) } ?? .infinity
  }

  private func isBetter(_ place: Int, than other: Int) -> Bool {
    guard let mine = records[place].figures, let its = records[other].figures else { return false }
    let ratios = [
      mine.throughput / its.throughput, latency(other) / latency(place),
      Double(its.memoryByteCount) / Double(max(1, mine.memoryByteCount)),
    ]
    return ratios.allSatisfy { $0 > 0.98 } && ratios.contains { $0 > 1.02 }
  }

  /// What keeps the targets most nearly, and by how much it does not; where nothing keeps them.
  package var nearest: String? {
    let ranked = records.indices.compactMap { place in
      records[place].figures.map { (place, goal.rank($0)) }
    }
    guard let best = ranked.max(by: { $0.1 < $1.1 }), let figures = records[best.0].figures else {
      return nil
    }
    let values = goal.targets.map { target in
      let value = target.figure.value(in: figures).map(target.figure.text) ?? "none"
      return "\(target.figure.rawValue) \(value) for \(target.text)"
    }
    return "\(records[best.0].configuration.text): \(values.joined(separator: ", "))"
  }
}

// MARK: Text

extension TuningReport {
  package func lines(name: String) -> [String] {
    var lines = ["\(name): \(goal.text)", "  load  \(load)"]
    if !variants.isEmpty {
      lines += ["", "answers, beside those of f32"] + Self.lines(variantCells)
      if !isLabelled { lines.append("  accuracy not measured: nothing says what is right") }
    }
    if !records.isEmpty { lines += ["", tried] + Self.lines(recordCells) }
    if let unfit {
      lines.append("  \(unfit.count) not tried, they would not fit into memory: \(unfit.reason)")
    }
    let frontier = frontier
    if !frontier.isEmpty {
      lines += ["", "frontier of latency, throughput and memory, of the longest runs"]
      lines += Self.lines(cells(of: frontier))
    }
    if isInterrupted { lines += ["", "interrupted; this is what was found until then"] }
    return lines
  }

  private var tried: String {
    let seconds = Readable.decimal(Double(searchNanoseconds) / 1e9, places: 0)
    return "tried \(records.count) of \(spaceCount) configurations in \(seconds) s"
  }

  private static func lines(_ cells: (titles: [String], rows: [[String]])) -> [String] {
    let last = cells.titles.count - 1
    var table = TextTable(
      cells.titles.enumerated().map { .init($1, $0 == 0 || $0 == last ? .left : .right) })
    for row in cells.rows { table.add(row) }
    return table.lines.map { "  " + $0 }
  }

  /// Labels said how often each way of computing the model is right.
  private var isLabelled: Bool { variants.contains { $0.accuracy != nil } }

  /// Titles and rows about what computes the model.
  var variantCells: (titles: [String], rows: [[String]]) {
    let metric = variants.compactMap(\.accuracy).first?.metric
    let rows = variants.map { trial -> [String] in
      var cells = [trial.variant.text]
      if metric != nil {
        cells.append(trial.accuracy.map { Readable.decimal($0.value, places: 4) } ?? "")
      }
      cells += [
        trial.figures.flatMap { TuningFigure.p50.value(in: $0) }.map(MillisecondText.of) ?? "",
        trial.difference.map { Self.text($0.relative) } ?? "",
        trial.difference.map { Self.text($0.absolute) } ?? "", words(trial.verdict),
      ]
      return cells
    }
    return (
      ["precision, runtime"] + (metric.map { [$0] } ?? [])
        + ["one by one, ms", "relative difference", "largest", ""], rows
    )
  }

  private static func text(_ value: Double) -> String {
    value == 0
      ? "0"
      : value < 0.001 || value >= 1e6
        ? Readable.scientific(value) : Readable.decimal(value, places: 4)
  }

  private func words(_ verdict: VariantTrial.Verdict) -> String {
    switch verdict {
    case .tried: ""
    case .beyondTolerance:
      "not chosen: beyond --tolerance \(Readable.decimal(tolerance, places: 4))"
    case .lessAccurate(let loss):
      "not chosen: loses \(Readable.decimal(loss * 100, places: 1)) % of the accuracy of f32, beyond "
        + "--tolerance \(Readable.decimal(tolerance, places: 4))"
    case .same(let other): "not tried: computes the same as \(other)"
    case .failed(let reason): "not tried: \(reason)"
    }
  }

  /// Titles and rows about everything that was tried, the best of the longest runs first.
  var recordCells: (titles: [String], rows: [[String]]) {
    let ranked = records.indices.sorted { one, other in
      let (mine, its) = (
        records[one].figures.map { goal.rank($0) }, records[other].figures.map { goal.rank($0) }
      )
      guard let mine else { return false }
      guard let its else { return true }
      return (records[one].level ?? 0, mine) > (records[other].level ?? 0, its)
    }
    return cells(of: ranked)
  }

  private func cells(of places: [Int]) -> (titles: [String], rows: [[String]]) {
    let rows = places.map { place in
      let figures = records[place].figures
      func time(_ figure: TuningFigure) -> String {
        figures.flatMap(figure.value).map(MillisecondText.of) ?? ""
      }
      return [
        records[place].configuration.text, figures.map { RateText.of($0.throughput) } ?? "",
        time(.p50), time(.p99), figures.map { Readable.bytes($0.memoryByteCount) } ?? "",
        figures.map { Readable.time($0.nanoseconds) } ?? "", note(place),
      ]
    }
    return (["configuration", "per s", "p50 ms", "p99 ms", "memory", "for", ""], rows)
  }

  private func note(_ place: Int) -> String {
    let record = records[place]
    var notes: [String] = []
    if place == winner { notes.append("the winner") }
    if record.configuration == standard { notes.append("the default") }
    switch record.fate {
    case .waiting: notes.append("not measured")
    case .pruned: if place != winner { notes.append("pruned") }
    case .failed(let reason): notes.append("failed: \(reason)")
    case .measured:
      if let figures = record.figures, !goal.rank(figures).isWithin {
        notes.append("misses the target")
      }
    }
    return notes.joined(separator: ", ")
  }
}

// MARK: JSON

extension TuningReport {
  /// The result as a document; its keys are part of the command's contract.
  package func json(environment: LoadEnvironment, command: String) -> JSONValue {
    let frontier = Set(frontier)
    return .object([
      .init("goal", .string(goal.text)), .init("load", .string(load)),
      .init("interrupted", .bool(isInterrupted)),
      .init("configurations", .integer(Int64(spaceCount))),
      .init("unfit", .integer(Int64(unfit?.count ?? 0))),
      .init("tolerance", .number(tolerance)),
      .init("variants", .array(variants.map(json))),
      .init("tried", .array(records.indices.map { json($0, isOnFrontier: frontier.contains($0)) })),
      .init("winner", winner.map { records[$0].configuration.json } ?? .null),
      .init("default", standard?.json ?? .null), .init("gain", gain?.json ?? .null),
      .init("search_seconds", .number(Double(searchNanoseconds) / 1e9)),
      .init("total_seconds", .number(Double(totalNanoseconds) / 1e9)),
      .init("environment", environment.json), .init("command", .string(command)),
    ])
  }

  private func json(_ trial: VariantTrial) -> JSONValue {
    let accuracy: JSONValue = trial.accuracy?.json ?? .null
    let reason: JSONValue = trial.verdict == .tried ? .null : .string(words(trial.verdict))
    return .object([
      .init("precision", .string(trial.variant.precision.rawValue)),
      .init("runtime", .string(trial.variant.runtime)),
      .init("tried", .bool(trial.verdict == .tried)), .init("reason", reason),
      .init("relative_difference", trial.difference.map { .number($0.relative) } ?? .null),
      .init("largest_difference", trial.difference.map { .number($0.absolute) } ?? .null),
      .init("accuracy", accuracy),
      .init("figures", trial.figures?.json ?? .null),
    ])
  }

  private func json(_ place: Int, isOnFrontier: Bool) -> JSONValue {
    let record = records[place]
    let (fate, reason): (String, JSONValue) =
      switch record.fate {
      case .waiting: ("not_measured", .null)
      case .measured: ("measured", .null)
      case .pruned: ("pruned", .null)
      case .failed(let reason): ("failed", .string(reason))
      }
    return .object([
      .init("configuration", record.configuration.json), .init("fate", .string(fate)),
      .init("reason", reason), .init("figures", record.figures?.json ?? .null),
      .init("within_targets", .bool(record.figures.map { goal.rank($0).isWithin } ?? false)),
      .init("frontier", .bool(isOnFrontier)),
    ])
  }
}
