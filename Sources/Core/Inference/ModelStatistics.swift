/// What a model version has done since it was first loaded, as clients of Triton ask for it.
package struct ModelStatistics: Sendable {
  /// How often something was done, and how long that took altogether.
  package struct Total: Sendable, Equatable {
    package var count: UInt64
    package var nanoseconds: UInt64

    package init(count: UInt64 = 0, nanoseconds: UInt64 = 0) {
      self.count = count
      self.nanoseconds = nanoseconds
    }
  }

  /// Runs of one size.
  package struct Batch: Sendable, Equatable {
    /// Rows that ran together.
    package var rowCount: Int
    package var input = Total()
    package var infer = Total()
    package var output = Total()

    package init(rowCount: Int) { self.rowCount = rowCount }
  }

  /// The answers of one place among those of a request: the first ones, the second ones, and so on.
  package struct Response: Sendable, Equatable {
    package var infer = Total()
    package var output = Total()
    package var success = Total()
    package var failure = Total()
    package var empty = Total()
    package var cancel = Total()

    package init() {}
  }

  /// What an automatic batcher holds for best now.
  package struct Batching: Sendable, Equatable {
    /// Rows that a run joins at most.
    package let rowsMax: Int
    /// How long a run that is not full waits.
    package let delayNanoseconds: UInt64
    /// Why, in words.
    package let reason: String

    package init(rowsMax: Int, delayNanoseconds: UInt64, reason: String) {
      self.rowsMax = rowsMax
      self.delayNanoseconds = delayNanoseconds
      self.reason = reason
    }
  }

  package let name: String
  package let version: Int64
  /// Since the Unix epoch; 0 before the first one.
  package var lastInferenceMilliseconds: UInt64 = 0
  /// Rows answered with success.
  package var rowCount: UInt64 = 0
  /// Runs of the model.
  package var runCount: UInt64 = 0
  /// Whole requests.
  package var success = Total()
  package var failure = Total()
  /// Parts of successful requests.
  package var queue = Total()
  package var input = Total()
  package var infer = Total()
  package var output = Total()
  /// Requests that the response cache answered, and those that it did not know.
  package var cacheHit = Total()
  package var cacheMiss = Total()
  /// Ascending by rows.
  package var batches: [Batch] = []
  /// Of a decoupled model, by place; the first `ServedPhases.partsNotedMax` places.
  package var responses: [Response] = []
  /// `nil` where the operator chose.
  package var batching: Batching?

  package init(name: String, version: Int64) {
    self.name = name
    self.version = version
  }
}
