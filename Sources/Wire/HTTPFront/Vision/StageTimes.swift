import Inference

/// When a photo passed each stage on its way to an answer.
struct StageTimes: Sendable {
  var arrival = Instant.never
  var bodyRead = Instant.never
  var workStarted = Instant.never
  var decoded = Instant.never
  var prepared = Instant.never
  var served = ServedPhases()
  var postprocessStarted = Instant.never
  var postprocessed = Instant.never

  /// Milliseconds by stage, in the order in which they happen; waiting for a thread shows as the
  /// difference between their sum and `total`.
  var milliseconds: [(stage: String, value: Double)] {
    [
      ("read", span(arrival, bodyRead)),
      ("decode", span(workStarted, decoded)),
      ("preprocess", span(decoded, prepared)),
      ("queue", span(served.admitted, served.started)),
      ("compute", span(served.started, served.computed)),
      ("postprocess", span(postprocessStarted, postprocessed)),
      ("total", span(arrival, postprocessed)),
    ]
  }

  /// To the microsecond: more digits would be noise.
  private func span(_ start: Instant, _ end: Instant) -> Double {
    Double(end.nanoseconds(since: start) / 1_000) / 1_000
  }
}
