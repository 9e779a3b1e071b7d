import Batching
import Inference

/// Stands before the sink of a request to a decoupled model: gives it the parts as the model makes
/// them, one at a time, and then one end, whichever threads these come from.
///
/// The model's thread gives parts, its client's loop resumes, and either may end the request; whoever
/// finds nobody handing over hands over.
final class PartStream: ResponseSink {
  private struct State: Sendable {
    var flow = PartFlow(
      partsMax: ServingSettings.heldPartsMax, bytesMax: ServingSettings.heldBytesMax)
    var times: [PartTimes] = []
    /// The run began, or gave its last part.
    var lastPart = Instant.never
  }

  static let refusal = SlowClient.taking(
    heldPartsMax: ServingSettings.heldPartsMax, heldBytesMax: ServingSettings.heldBytesMax)

  private let sink: any ResponseSink
  /// What is known of the request from its beginning, for an end that comes from here.
  private let served: ServedPhases
  private let state = Signal(State())

  init(_ sink: any ResponseSink, served: ServedPhases) {
    self.sink = sink
    self.served = served
  }

  // MARK: From the model

  /// A run that may give parts begins.
  func runBegins(at instant: Instant) { state.withValue { $0.lastPart = instant } }

  /// The model made a part. False where the client is too slow for it, which ends the request: that is
  /// the caller's to do.
  ///
  /// - Parameter patience: how long to wait, on this thread, for a client that is behind.
  func give(_ part: ResponsePart, patience: Duration) -> Bool {
    let computed = MonotonicClock.now()
    let offer =
      state.sleepUntilReady(before: computed.advanced(by: patience).nanoseconds) { state in
        let offer = state.flow.offer(part)
        return offer == .full ? nil : offer
      } ?? .full
    if offer == .taken {
      handOver()
      note(part, computed: computed)
    }
    return offer != .full
  }

  /// Statistics have a row for each of the first parts, and no more.
  private func note(_ part: ResponsePart, computed: Instant) {
    let given = MonotonicClock.now()
    state.withValue { state in
      if state.times.count < ServedPhases.partsNotedMax {
        state.times.append(
          PartTimes(
            began: state.lastPart, computed: computed, given: given,
            isEmpty: part.outputs.isEmpty))
      }
      state.lastPart = given
    }
  }

  /// A part of a model that gives all of them at once.
  func receive(_ part: ResponsePart) -> Demand {
    if !give(part, patience: .zero) {
      cut(ResponseEnd(outcome: .failed(.clientTooSlow(Self.refusal)), served: served))
    }
    return .more
  }

  /// The answer is complete: the end follows what is kept.
  func finish(_ end: ResponseEnd) {
    state.withValue { $0.flow.close(Self.noting($0.times, in: end)) }
    handOver()
  }

  private static func noting(_ times: [PartTimes], in end: ResponseEnd) -> ResponseEnd {
    var served = end.served
    served.isDecoupled = true
    served.parts = times
    return ResponseEnd(outcome: end.outcome, served: served)
  }

  // MARK: From elsewhere

  /// Ends the request at once; what is kept is let go.
  func cut(_ end: ResponseEnd) {
    // Wakes the model's thread, should it wait for the client.
    state.update { state in
      // What is known of an answer that was complete stays known.
      let served = state.flow.end?.served ?? end.served
      state.flow.cut(
        Self.noting(state.times, in: ResponseEnd(outcome: end.outcome, served: served)))
    }
    handOver()
  }

  func resume() {
    state.withValue { $0.flow.resume() }
    handOver()
    // There may be room now for what the model's thread holds.
    state.update { _ in }
  }

  /// The client went away after the run has ended.
  func cancel() {
    cut(ResponseEnd(outcome: .failed(.cancelled), served: served))
  }

  private func handOver() {
    var step = state.withValue { $0.flow.next(isContinuing: false) }
    while let current = step {
      switch current {
      case .part(let part):
        let demand = sink.receive(part)
        step = state.withValue { state in
          state.flow.answered(demand)
          return state.flow.next(isContinuing: true)
        }
      case .end(let end):
        sink.finish(end)
        step = state.withValue { $0.flow.next(isContinuing: true) }
      }
    }
  }
}
