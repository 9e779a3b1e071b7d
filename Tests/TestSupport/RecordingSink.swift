package import Inference
import Synchronization

/// Remembers what a request got.
package final class RecordingSink: ResponseSink {
  private struct Heard {
    var parts: [ResponsePart] = []
    var ends: [ResponseEnd] = []
  }

  private let heard = Guarded(Heard())
  private let demand: Demand
  private let onEnd: @Sendable () -> Void

  package init(demand: Demand = .more, onEnd: @escaping @Sendable () -> Void = {}) {
    self.demand = demand
    self.onEnd = onEnd
  }

  package func receive(_ part: ResponsePart) -> Demand {
    heard.withLock { $0.parts.append(part) }
    return demand
  }

  package func finish(_ end: ResponseEnd) {
    heard.withLock { $0.ends.append(end) }
    onEnd()
  }

  package var parts: [ResponsePart] { heard.withLock { $0.parts } }
  package var ends: [ResponseEnd] { heard.withLock { $0.ends } }

  /// The failure, where the request ended with one.
  package var failure: InferenceFailure? {
    guard case .failed(let failure) = ends.first?.outcome else { return nil }
    return failure
  }

  package var isDone: Bool {
    guard case .done = ends.first?.outcome else { return false }
    return true
  }
}

/// Remembers what happened.
package final class RecordingObserver: EventObserver {
  private let heard = Guarded<(events: [InferenceEvent], records: [RequestRecord])>(([], []))

  package init() {}

  package func happened(_ event: InferenceEvent) { heard.withLock { $0.events.append(event) } }

  package func finished(_ record: RequestRecord) { heard.withLock { $0.records.append(record) } }

  /// Forgets all, for runs that would fill the memory.
  package func forget() { heard.withLock { $0 = ([], []) } }

  package var events: [InferenceEvent] { heard.withLock { $0.events } }
  package var records: [RequestRecord] { heard.withLock { $0.records } }
}
