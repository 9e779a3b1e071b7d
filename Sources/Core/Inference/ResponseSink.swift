/// A piece of an answer: the whole of it, for models that answer once.
package struct ResponsePart: Sendable {
  /// The wanted outputs, in the order in which they were wanted.
  package let outputs: [NamedTensor]

  package init(outputs: [NamedTensor]) { self.outputs = outputs }
}

/// What a sink says to a part.
package enum Demand: Sendable {
  /// Taken; the next may come.
  case more
  /// Kept, but not yet sent on: the client is slower than the model. Parts that follow are counted
  /// against a limit, until the sink answers `more` again.
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

  package init() {}
}

/// Where an answer goes.
///
/// Gets 0 or more parts and then exactly one end, in this order, from any one thread at a time;
/// possibly before `submit` has returned. Must not block.
package protocol ResponseSink: AnyObject, Sendable {
  func receive(_ part: ResponsePart) -> Demand
  func finish(_ end: ResponseEnd)
}
