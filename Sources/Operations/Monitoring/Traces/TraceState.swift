import Inference

/// What a trace tells of a request, with Triton's names; nothing is `OFF`.
struct TraceLevels: OptionSet, Sendable {
  let rawValue: UInt8
  /// The instants of its phases.
  static let timestamps = TraceLevels(rawValue: 1)
  /// Its inputs and outputs.
  static let tensors = TraceLevels(rawValue: 2)

  var names: [String] {
    if isEmpty { return ["OFF"] }
    return (contains(.timestamps) ? ["TIMESTAMPS"] : []) + (contains(.tensors) ? ["TENSORS"] : [])
  }
}

extension TraceLevels {
  /// `nil` where a name is none, or there are none.
  init?(names: [String]) {
    guard !names.isEmpty else { return nil }
    self = []
    for name in names {
      switch name {
      case "OFF": break
      case "TIMESTAMPS": insert(.timestamps)
      case "TENSORS": insert(.tensors)
      default: return nil
      }
    }
  }
}

/// How requests are traced, with Triton's names and meanings.
struct TraceRules: Sendable, Equatable {
  var levels: TraceLevels = []
  /// Every so many requests one is traced, the first when so many have come.
  var rate: UInt32 = 1_000
  /// Traces still to be made; -1 for no end.
  var count: Int64 = -1
  /// Traces of one file, which is then numbered; 0 puts all into one file.
  var logFrequency: UInt32 = 0
}

/// What a model changes of the server's rules; `nil` for what it leaves.
struct TraceOverride: Sendable, Equatable {
  var levels: TraceLevels?
  var rate: UInt32?
  var count: Int64?
  var logFrequency: UInt32?

  func applied(to rules: TraceRules) -> TraceRules {
    TraceRules(
      levels: levels ?? rules.levels, rate: rate ?? rules.rate, count: count ?? rules.count,
      logFrequency: logFrequency ?? rules.logFrequency)
  }
}

/// Decides which requests are traced. A plain value: the lock is around it.
struct TraceState: Sendable {
  private(set) var rules = TraceRules()
  private(set) var overrides: [String: TraceOverride] = [:]
  /// Of those who share rules: a model with its own, or `nil` for all others together.
  private var tallies: [String?: Tally] = [:]
  private var lastID: UInt64 = 0

  private struct Tally: Sendable {
    var seen: UInt64 = 0
    var made: Int64 = 0
  }

  /// What some request could be traced with.
  var levels: TraceLevels {
    overrides.values.reduce(rules.levels) { $0.union($1.levels ?? []) }
  }

  func rules(of model: String?) -> TraceRules {
    model.flatMap { overrides[$0] }?.applied(to: rules) ?? rules
  }

  /// Traces that may still be made, as clients read it.
  func remaining(of model: String?) -> Int64 {
    let rules = rules(of: model)
    return rules.count < 0 ? -1 : max(0, rules.count - (tallies[scope(model)]?.made ?? 0))
  }

  private func scope(_ model: String?) -> String? {
    model.flatMap { overrides[$0] == nil ? nil : $0 }
  }

  /// - Parameter isCountGiven: it is counted from here on, even where the number is the one of before.
  mutating func set(_ rules: TraceRules, isCountGiven: Bool = false) {
    if isCountGiven { tallies[nil]?.made = 0 }
    self.rules = rules
  }

  mutating func set(_ override: TraceOverride, of model: String, isCountGiven: Bool = false) {
    if isCountGiven { tallies[model]?.made = 0 }
    overrides[model] = override == TraceOverride() ? nil : override
    if overrides[model] == nil { tallies[model] = nil }
  }

  /// Counts a request; gives its trace's number and rules where it is to be traced.
  mutating func take(_ model: String) -> (id: UInt64, rules: TraceRules)? {
    let rules = rules(of: model)
    guard !rules.levels.isEmpty else { return nil }
    let scope = scope(model)
    var tally = tallies[scope] ?? Tally()
    defer { tallies[scope] = tally }
    tally.seen += 1
    guard tally.seen % UInt64(max(1, rules.rate)) == 0 else { return nil }
    guard rules.count < 0 || tally.made < rules.count else { return nil }
    tally.made += 1
    lastID += 1
    return (lastID, rules)
  }
}
