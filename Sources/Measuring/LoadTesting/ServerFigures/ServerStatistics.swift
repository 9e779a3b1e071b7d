import WireFormats

/// What a server of the Open Inference Protocol counted of a model, by Triton's statistics extension:
/// `GET /v2/models/M/stats`, nanoseconds and counts since its start.
struct ServerStatistics: Sendable, Equatable {
  struct Phase: Sendable, Equatable {
    let count: Double
    let nanoseconds: Double
  }

  private let phases: [String: Phase]

  /// Phases in the order of a request, by the names of the extension.
  static let names = ["queue", "compute_input", "compute_infer", "compute_output"]

  /// Of all versions together; `nil` where the answer is none.
  init?(_ answer: JSONValue) {
    let models = answer["model_stats"]?.elements ?? []
    guard !models.isEmpty else { return nil }
    var phases: [String: Phase] = [:]
    for name in Self.names + ["success"] {
      let all = models.prefix(1_000).compactMap { $0["inference_stats"]?[name] }
      phases[name] = Phase(
        count: all.reduce(0) { $0 + ($1["count"]?.finite ?? 0) },
        nanoseconds: all.reduce(0) { $0 + ($1["ns"]?.finite ?? 0) })
    }
    self.phases = phases
  }

  /// Milliseconds of a request in each phase, of those between two readings; `nil` where there were none.
  func means(until later: ServerStatistics) -> (requests: Double, phases: [String: Double])? {
    func gained(_ name: String) -> Phase {
      let (before, after) = (phases[name], later.phases[name])
      return Phase(
        count: (after?.count ?? 0) - (before?.count ?? 0),
        nanoseconds: (after?.nanoseconds ?? 0) - (before?.nanoseconds ?? 0))
    }
    let requests = gained("success").count
    // A server that was started anew in between has counted backwards.
    guard requests > 0 else { return nil }
    var means: [String: Double] = [:]
    for name in Self.names {
      let phase = gained(name)
      if phase.count > 0, phase.nanoseconds >= 0 {
        means[name] = phase.nanoseconds / phase.count / 1e6
      }
    }
    return (requests, means)
  }
}
