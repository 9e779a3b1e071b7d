package import Inference
import Synchronization

/// Traces of single requests: when each of their phases was, into a file in Triton's form.
///
/// A request that is not traced costs one look at a flag.
package final class RequestTraces: Sendable {
  private let path: String?
  private let state = Guarded(TraceState())
  private let isOn = Atomic(false)
  private let wantsTensors = Atomic(false)
  private let writer: TraceWriter?

  /// - Parameters:
  ///   - path: where traces go; `nil` allows none.
  ///   - report: hears why traces could not be written, once for each run of failures.
  package init(path: String?, report: @escaping @Sendable (String) -> Void) {
    self.path = path
    writer = path.map { TraceWriter(path: $0, report: report) }
  }

  /// Called on the request path.
  func finished(_ record: borrowing RequestRecord) {
    guard isOn.load(ordering: .relaxed), record.isInference, !record.model.isEmpty else { return }
    let model = record.model
    guard let (id, rules) = state.withLock({ $0.take(model) }) else { return }
    writer?.offer(TraceEntry(id: id, rules.levels, record), frequency: rules.logFrequency)
  }

  /// Called on the request path: whether a request to that model may be traced with its tensors. One
  /// that in the end is not lets go of them with its record.
  func wantsTensors(ofModel model: String) -> Bool {
    wantsTensors.load(ordering: .relaxed)
      && state.withLock { $0.rules(of: model).levels.contains(.tensors) }
  }

  /// Writes what waits and ends the writer's thread; blocks for moments.
  package func close() { writer?.close() }
}

extension RequestTraces: RunningSettings {
  package func values(ofModel model: String?) -> [RunningSetting] {
    let (rules, remaining) = state.withLock { ($0.rules(of: model), $0.remaining(of: model)) }
    return [
      RunningSetting("trace_level", .texts(rules.levels.names)),
      RunningSetting("trace_rate", .text(String(rules.rate))),
      RunningSetting("trace_count", .text(String(remaining))),
      RunningSetting("log_frequency", .text(String(rules.logFrequency))),
      RunningSetting("trace_file", .text(path ?? "")),
      RunningSetting("trace_mode", .text("triton")),
    ]
  }

  package func change(
    _ changes: [(name: String, value: RunningSetting.Value?)], ofModel model: String?
  ) throws(InferenceFailure) {
    var override = TraceOverride()
    var named: Set<String> = []
    for change in changes {
      try take(change.name, change.value, into: &override)
      named.insert(change.name)
    }
    if override.levels?.isEmpty == false, writer == nil {
      throw .unsupported(
        .other("traces without a file; start the server with --trace-file"))
    }
    let (taken, isCountGiven) = (override, named.contains("trace_count"))
    let levels = state.withLock { state in
      if let model {
        state.set(
          Self.merged(taken, over: state.overrides[model], named), of: model,
          isCountGiven: isCountGiven)
      } else {
        state.set(
          Self.merged(taken, over: TraceOverride(state.rules), named).applied(to: TraceRules()),
          isCountGiven: isCountGiven)
      }
      return state.levels
    }
    isOn.store(!levels.isEmpty, ordering: .relaxed)
    wantsTensors.store(levels.contains(.tensors), ordering: .relaxed)
  }

  /// What was not named stays; what was named without a value is given up.
  private static func merged(
    _ new: TraceOverride, over old: TraceOverride?, _ named: Set<String>
  ) -> TraceOverride {
    var merged = old ?? TraceOverride()
    if named.contains("trace_level") { merged.levels = new.levels }
    if named.contains("trace_rate") { merged.rate = new.rate }
    if named.contains("trace_count") { merged.count = new.count }
    if named.contains("log_frequency") { merged.logFrequency = new.logFrequency }
    return merged
  }

  private func take(
    _ name: String, _ value: RunningSetting.Value?, into override: inout TraceOverride
  ) throws(InferenceFailure) {
    switch name {
    case "trace_level": override.levels = try value.map(levels)
    case "trace_rate": override.rate = try number(name, value, UInt32(1)...UInt32.max)
    case "trace_count": override.count = try number(name, value, Int64(-1)...Int64(Int32.max))
    case "log_frequency":
      override.logFrequency = try number(name, value, UInt32(0)...UInt32.max)
    case "trace_file" where value == nil || value?.words == [path ?? ""]: break
    case "trace_mode" where value == nil || value?.words == ["triton"]: break
    case "trace_file", "trace_mode":
      throw wrong(name, "no change, as it is chosen where the server is started", value)
    default:
      throw wrong(name, "trace_level, trace_rate, trace_count or log_frequency", value)
    }
  }

  private func levels(_ value: RunningSetting.Value) throws(InferenceFailure) -> TraceLevels {
    guard let levels = TraceLevels(names: value.words) else {
      throw wrong("trace_level", "OFF, TIMESTAMPS or TENSORS, or the last two", value)
    }
    return levels
  }

  private func number<Number: FixedWidthInteger>(
    _ name: String, _ value: RunningSetting.Value?, _ range: ClosedRange<Number>
  ) throws(InferenceFailure) -> Number? {
    guard let value else { return nil }
    let words = value.words
    guard words.count == 1, let number = Number(words[0]), range.contains(number) else {
      throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
    }
    return number
  }

  private func wrong(
    _ name: String, _ expected: String, _ value: RunningSetting.Value?
  ) -> InferenceFailure {
    .invalidInput(.parameter(name, expected: expected, got: value?.summary ?? "null"))
  }
}

extension TraceOverride {
  fileprivate init(_ rules: TraceRules) {
    self.init(
      levels: rules.levels, rate: rules.rate, count: rules.count, logFrequency: rules.logFrequency)
  }
}

extension RunningSetting.Value {
  /// Protocols without types send everything as texts.
  var words: [String] {
    switch self {
    case .boolean(let flag): ["\(flag)"]
    case .integer(let number): ["\(number)"]
    case .text(let text): [text]
    case .texts(let texts): texts
    }
  }
}
