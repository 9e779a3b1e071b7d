/// How waiting requests of one model may be joined into runs, as its operator wants it.
///
/// The words are those of `config.pbtxt`; `ModelStore` reads them from there and from `model.yaml`.
package struct BatchingPolicy: Sendable, Equatable {
  /// Who chooses how long to wait and how many rows to join.
  package enum Mode: Sendable, Equatable {
    /// Each request runs alone.
    case off
    /// The figures of this policy hold.
    case fixed
    /// The server learns the cost of a run by its rows and chooses for that aim.
    case automatic(BatchingAim)
  }

  package var mode: Mode
  /// Most rows of one run (`max_batch_size`); 0 where requests carry no row axis of their own.
  package var rowsMax: Int
  /// Row counts at which a batch leaves at once, ascending (`preferred_batch_size`).
  package var preferredRowCounts: [Int]
  /// How long the oldest request may wait for others, in nanoseconds
  /// (`max_queue_delay_microseconds`).
  package var delayNanosecondsMax: UInt64
  /// Answers leave in the order in which their requests came (`preserve_ordering`).
  package var preservesOrdering: Bool
  /// Levels of priority, 1 the most urgent; 0 where there are none (`priority_levels`).
  package var priorityLevelCount: Int
  /// Level of a request that names none (`default_priority_level`).
  package var defaultPriorityLevel: Int
  /// Bounds of a level without its own (`default_queue_policy`).
  package var defaultQueue: QueuePolicy
  /// Bounds by level (`priority_queue_policy`).
  package var queues: [Int: QueuePolicy]
  /// How requests of different shapes may share a run; `nil` where they may not.
  package var padding: PaddingPolicy?

  package init(mode: Mode = .off, rowsMax: Int = 0) {
    self.mode = mode
    self.rowsMax = rowsMax
    self.preferredRowCounts = []
    self.delayNanosecondsMax = 0
    self.preservesOrdering = false
    self.priorityLevelCount = 0
    self.defaultPriorityLevel = 0
    self.defaultQueue = QueuePolicy()
    self.queues = [:]
  }

  /// The level of a request that names this priority; one that names none, or none that there is,
  /// has the default.
  package func level(ofPriority priority: Int) -> Int {
    let count = max(1, priorityLevelCount)
    return (1...count).contains(priority) ? priority : min(max(1, defaultPriorityLevel), count)
  }

  /// The bounds that hold for a level.
  package func queue(ofLevel level: Int) -> QueuePolicy { queues[level] ?? defaultQueue }
}

/// What an automatic batcher works for.
package enum BatchingAim: Sendable, Equatable {
  /// As many rows a second as can be.
  case throughput
  /// The 99th percentile of the time between admission and answer stays within this.
  case p99(nanoseconds: UInt64)
}

/// Bounds of the waiting requests of one priority level (`ModelQueuePolicy`).
package struct QueuePolicy: Sendable, Equatable {
  /// What becomes of a request that waited too long.
  package enum TimeoutAction: Sendable, Equatable {
    /// It fails.
    case reject
    /// It runs when nothing else of its level waits.
    case delay
  }

  package var timeoutAction: TimeoutAction
  /// 0 for no bound (`default_timeout_microseconds`).
  package var timeoutNanoseconds: UInt64
  /// A request's own, shorter timeout counts (`allow_timeout_override`).
  package var allowsTimeoutOverride: Bool
  /// Requests that may wait; 0 takes the model's bound (`max_queue_size`).
  package var waitingMax: Int

  package init(
    timeoutAction: TimeoutAction = .reject, timeoutNanoseconds: UInt64 = 0,
    allowsTimeoutOverride: Bool = false, waitingMax: Int = 0
  ) {
    self.timeoutAction = timeoutAction
    self.timeoutNanoseconds = timeoutNanoseconds
    self.allowsTimeoutOverride = allowsTimeoutOverride
    self.waitingMax = waitingMax
  }
}

/// How inputs of different lengths are brought to one shape.
package struct PaddingPolicy: Sendable, Equatable {
  /// What fills the rest of a shorter row, in the input's own datatype.
  package var value: Double
  /// Input that the server fills with 1 where a value is real and 0 where it is padding.
  package var maskInput: String?
  /// Lengths to which rows are padded, ascending; empty pads to the longest of the batch.
  package var lengthBuckets: [Int]

  package init(value: Double = 0, maskInput: String? = nil, lengthBuckets: [Int] = []) {
    self.value = value
    self.maskInput = maskInput
    self.lengthBuckets = lengthBuckets
  }
}
