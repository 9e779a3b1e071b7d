import Inference
import Serving

/// When a photo passed each stage, by the names that the server's answers use.
struct JobTimes {
  let began = MonotonicClock.now()
  var decoded = Instant.never
  var prepared = Instant.never
  var served = ServedPhases()
  var finished = Instant.never

  var milliseconds: [(stage: String, value: Double)] {
    [
      ("decode", span(began, decoded)),
      ("preprocess", span(decoded, prepared)),
      ("queue", span(served.admitted, served.started)),
      ("compute", span(served.started, served.computed)),
      ("postprocess", span(served.computed, finished)),
      ("total", span(began, finished)),
    ]
  }

  /// To the microsecond: more digits would be noise.
  private func span(_ start: Instant, _ end: Instant) -> Double {
    Double(end.nanoseconds(since: start) / 1_000) / 1_000
  }
}
