import ArgumentParser
import Inference
import LoadTesting
import ModelStore
import Settings

/// What is tried: each axis of the search, where somebody wants it otherwise.
struct TuningAxisArguments: ParsableArguments {
  @Option(help: "Numbers of instances to try: 1,2,4. (default: powers of two up to the cores)")
  var instances: String?

  @Option(help: "Threads of one run to try: 1,2. (default: powers of two up to the cores)")
  var runtimeThreads: String?

  @Option(help: "Most rows of a run to try; 1 is no batching. (default: 1,2,4,8,16)")
  var maxBatchSize: String?

  @Option(help: "How long a request may wait for others, to try: 0,2ms. (default: 0,2ms)")
  var batchDelay: String?

  @Option(help: "Precisions to try: f32,auto,bf16,int8. (default: f32,auto,int8)")
  var precision: String?

  @Option(help: "Runtimes to try: onnxruntime,openvino. (default: all that can load the model)")
  var runtime: String?

  /// The axes for these ways of computing the model, on so many cores.
  func axes(
    _ variants: [TuningConfiguration.Variant], cores: Int
  ) throws -> TuningSpace.Axes {
    var axes = TuningSpace.Axes(variants: variants, cores: cores)
    if let instances { axes.instances = try Self.counts(instances, "instances", upTo: cores) }
    if let runtimeThreads {
      axes.threads = try Self.counts(runtimeThreads, "runtime-threads", upTo: cores)
    }
    if let maxBatchSize { axes.rows = try Self.counts(maxBatchSize, "max-batch-size", upTo: 4_096) }
    if let batchDelay { axes.delays = try Self.list(batchDelay).map(Self.delay) }
    return axes
  }

  /// Ways of computing the model, those of the lists that make sense; `isONNX` where ONNX Runtime can
  /// load it.
  func variants(isONNX: Bool) throws -> [TuningConfiguration.Variant] {
    let runtimes = try runtime.map { try Self.runtimes($0, isONNX: isONNX) }
    let precisions = try precision.map(Self.precisions) ?? [.f32, .auto, .int8]
    var variants: [TuningConfiguration.Variant] = []
    for precision in precisions {
      for runtime in runtimes ?? (isONNX ? ["onnxruntime", "openvino"] : ["openvino"]) {
        // ONNX Runtime computes a model as its file has it.
        if runtime == "onnxruntime", precision != .f32 { continue }
        variants.append(.init(precision: precision, runtime: runtime))
      }
    }
    guard !variants.isEmpty else {
      throw Failure.usage("--precision \(precision ?? "") is nothing for --runtime onnxruntime")
    }
    return variants
  }

  private static func runtimes(_ text: String, isONNX: Bool) throws -> [String] {
    let names = list(text)
    for name in names where !["onnxruntime", "openvino"].contains(name) {
      throw Failure.usage("--runtime: expected onnxruntime or openvino, got \(name)")
    }
    if !isONNX, names.contains("onnxruntime") {
      throw Failure.usage("--runtime onnxruntime: the model is not ONNX; leave it out")
    }
    return names
  }

  private static func precisions(_ text: String) throws -> [RuntimeOptions.Precision] {
    try list(text).map { name in
      guard let precision = RuntimeOptions.Precision(rawValue: name) else {
        let known = RuntimeOptions.Precision.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure.usage("--precision: expected some of \(known), got \(name)")
      }
      return precision
    }
  }

  private static func counts(_ text: String, _ option: String, upTo most: Int) throws -> [Int] {
    try list(text).map { word in
      guard let count = Int(word), (1...most).contains(count) else {
        throw Failure.usage("--\(option): expected integers from 1 to \(most), got \(word)")
      }
      return count
    }
  }

  private static func delay(_ text: String) throws -> UInt64 {
    guard let span = TimeSpan.parse(text), span <= .seconds(60) else {
      throw Failure.usage("--batch-delay: expected 0 or times such as 2ms, up to 60s, got \(text)")
    }
    let (seconds, attoseconds) = span.components
    return UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  private static func list(_ text: String) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }
}

/// How it is measured.
struct TuningEffortArguments: ParsableArguments {
  @Option(
    help: """
      Callers that ask at a time, each again when it has its answer. Without it, and without --rate, as \
      many as a configuration can serve at once: its instances times its largest batch.
      """)
  var concurrency: String?

  @Option(help: "Queries a second that come at random, in place of callers that wait.")
  var rate: String?

  @Option(
    help: """
      How long the longest runs are; the shortest take a ninth. (default: 150 times one request, 2s to \
      20s)
      """)
  var duration: String?

  @Option(help: "When the search ends with what it has: 90s, 5m. (default: 5m)")
  var timeBudget: String?

  @Option(help: "halving: a search; grid: all configurations, each for the longest time.")
  var search: String?

  @Option(help: "What the samples of the search, the inputs and random times are made of.")
  var seed: UInt64 = 1

  @Option(
    help: """
      How far answers may lie from those of f32 (relative, 0.01 or 1%) for a precision to be chosen; \
      with labels, how much of f32's accuracy it may lose.
      """)
  var tolerance = "1%"

  /// The same with its words understood.
  struct Values {
    var concurrency: Int?
    var rate: Double?
    var longestNanoseconds: UInt64?
    var budgetNanoseconds: UInt64?
    var isGrid: Bool
    var tolerance: Double

    /// How it is asked, in words.
    var load: String {
      if let rate { return "\(rate) queries a second at random" }
      if let concurrency { return "closed loop, \(concurrency) at a time" }
      return "closed loop, as many at a time as the configuration can serve at once"
    }
  }

  func values() throws -> Values {
    guard concurrency == nil || rate == nil else {
      throw Failure.usage("--concurrency and --rate: say one of them")
    }
    var options = LoadOptions()
    options.scenarios = [rate == nil ? "closed-loop" : "server"]
    options.rate = rate
    options.concurrency = concurrency
    options.duration = duration
    let plan: LoadPlan
    do {
      // One scenario has one plan.
      plan = try options.plans(usualConcurrency: 1)[0]
    } catch {
      throw Failure.usage("\(error)")
    }
    guard ["halving", "grid"].contains(search ?? "halving") else {
      throw Failure.usage("--search: expected halving or grid, got \(search ?? "")")
    }
    return Values(
      concurrency: concurrency == nil ? nil : plan.concurrency, rate: plan.rate,
      longestNanoseconds: duration == nil ? nil : plan.durationNanoseconds,
      budgetNanoseconds: try timeBudget.map(Self.budget), isGrid: search == "grid",
      tolerance: try Self.fraction(tolerance))
  }

  private static func budget(_ text: String) throws -> UInt64 {
    guard let span = TimeSpan.parse(text), span >= .seconds(1), span <= .seconds(86_400) else {
      throw Failure.usage(
        "--time-budget: expected a time such as 90s or 5m, up to 24h, got \(text)")
    }
    return UInt64(span.components.seconds) * 1_000_000_000
  }

  private static func fraction(_ text: String) throws -> Double {
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : text
    guard let number = Double(digits), number.isFinite, number >= 0 else {
      throw Failure.usage("--tolerance: expected a fraction such as 0.01 or 1%, got \(text)")
    }
    return text.hasSuffix("%") ? number / 100 : number
  }
}
