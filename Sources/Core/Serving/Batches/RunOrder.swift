import Batching
import Inference

/// A batch with its requests, for the thread of one instance.
struct RunOrder: Sendable {
  /// Rows of one request that take part in the run.
  struct Share: Sendable {
    let request: PendingRequest
    let rows: Range<Int>
    /// Where the model has sequences.
    var turn: SequenceTurn?

    var isWhole: Bool { rows == 0..<request.rowCount }
    var batchShare: BatchShare { BatchShare(ticket: request.ticket, rows: rows) }
  }

  let mark: RunMark
  let shares: OneOrMore<Share>

  var instance: Int { mark.instance }
  var rowCount: Int { shares.others.reduce(shares.first.rows.count) { $0 + $1.rows.count } }
}

/// What became of one share of a run.
struct RunResult: Sendable {
  let share: BatchShare
  /// Rows that ran together, those of this share included.
  let batchRowCount: Int
  let started: Instant
  let computed: Instant
  /// Their rows count from the share's first.
  let parts: [RunPart]
  let fault: RuntimeFault?
  /// What the sequence's next request is given; empty where there is none or the run failed.
  var states: [Tensor] = []
  /// The model asks to run it again.
  var isUnfinished = false

  var hasFailed: Bool {
    fault != nil
      || parts.contains { part in
        if case .failed = part { true } else { false }
      }
  }
}

/// What became of a whole order.
struct RunReport: Sendable {
  let results: OneOrMore<RunResult>
  /// What the joined run taught about the model's cost; `nil` where it failed.
  let lesson: RunLesson?
}

/// How long so many rows took.
struct RunLesson: Sendable {
  let nanoseconds: UInt64
  let rowCount: Int
}
