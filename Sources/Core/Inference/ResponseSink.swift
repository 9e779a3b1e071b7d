/// A piece of an answer: the whole of it, for models that answer once.
package struct ResponsePart: Sendable {
  /// The wanted outputs, in the order in which they were wanted.
  package let outputs: [NamedTensor]

  package init(outputs: [NamedTensor]) { self.outputs = outputs }

  /// Bytes of its tensors.
  package var byteCount: Int { outputs.reduce(0) { $0 + $1.tensor.byteCount } }
}

/// What a sink says to a part.
package enum Demand: Sendable {
  /// Taken; the next may come.
  case more
  /// Taken, but not yet sent on: the client is slower than the model. The door keeps the parts that
  /// follow, within its limits, until `RequestHandle.resume()` is called.
  case wait
}

/// How a request ended.
package struct ResponseEnd: Sendable {
  package enum Outcome: Sendable {
    case done
    case failed(InferenceFailure)
  }

  package let outcome: Outcome
  package let served: ServedPhases

  package init(outcome: Outcome, served: ServedPhases) {
    self.outcome = outcome
    self.served = served
  }
}

/// What the response cache had to do with a request.
package enum CacheUse: Sendable {
  /// Nothing: the model keeps no answers, or none of such requests.
  case none
  /// The answer came from there; no queue and no run was reached.
  case hit
  /// It did not know the request.
  case miss
}

/// When a request passed the phases between the door and its answer, and what it used there.
package struct ServedPhases: Sendable {
  /// The version that answered; 0 where none did.
  package var version: Int64 = 0
  /// Entered the queue, or went straight to a run.
  package var admitted: Instant = .never
  /// Its run started.
  package var started: Instant = .never
  /// Its run ended.
  package var computed: Instant = .never
  /// Rows of this request.
  package var rowCount = 0
  /// Rows that ran together with it, its own included.
  package var batchRowCount = 0
  package var cacheUse = CacheUse.none
  /// Looking the request up and, after a miss, keeping its answer.
  package var cacheNanoseconds: UInt64 = 0
  /// The model may give any number of parts.
  package var isDecoupled = false
  /// The first parts that it gave, at most `partsNotedMax`; empty for every other model.
  package var parts: [PartTimes] = []

  package static let partsNotedMax = 64

  package init() {}
}

/// When one part of an answer was made and given to its sink.
package struct PartTimes: Sendable, Equatable {
  /// The run began, or gave the part before.
  package var began: Instant
  package var computed: Instant
  /// The sink has it, or it is kept for the sink.
  package var given: Instant
  /// It has no tensors.
  package var isEmpty: Bool

  package init(began: Instant, computed: Instant, given: Instant, isEmpty: Bool) {
    self.began = began
    self.computed = computed
    self.given = given
    self.isEmpty = isEmpty
  }
}

/// Where an answer goes.
///
/// Gets 0 or more parts and then exactly one end, in this order, from any one thread at a time;
/// possibly before `submit` has returned. Must not block.
///
/// A sink that takes one part only answers `more`; whoever needs exactly one counts them. A sink that
/// streams answers `wait` when its client is behind, and calls `resume()` of the request's handle, from
/// any thread, once it has caught up; a call too many does no harm. A sink that answered `wait` before
/// `submit` gave it the handle calls when it has it. While it waits the door keeps at most 64 parts or
/// 1 MiB; the model is held up for a moment where they are full and its run is this request's alone,
/// and then the request ends as `clientTooSlow`. The end comes behind what is kept, but for
/// cancellation, lateness and slowness, which come at once. After `cancel()` no part follows.
package protocol ResponseSink: AnyObject, Sendable {
  func receive(_ part: ResponsePart) -> Demand
  func finish(_ end: ResponseEnd)
}
