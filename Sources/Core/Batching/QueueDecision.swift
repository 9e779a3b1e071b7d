package import Inference

/// Rows of one request that take part in a run.
package struct BatchShare: Sendable, Equatable {
  package let ticket: Ticket
  /// Of the request's own rows; all of them, unless it has more than a run may have.
  package let rows: Range<Int>

  package init(ticket: Ticket, rows: Range<Int>) {
    self.ticket = ticket
    self.rows = rows
  }
}

/// One run among all that a model's queue ever started.
package struct RunMark: Sendable, Hashable {
  /// Which of the model's instances runs it, from 0.
  package let instance: Int
  /// Grows with each run of the queue, from 1.
  package let number: UInt64

  package init(instance: Int, number: UInt64) {
    self.instance = instance
    self.number = number
  }
}

/// Rows that run together, and where.
package struct Batch: Sendable, Equatable {
  /// In the order in which their rows are joined.
  package let shares: OneOrMore<BatchShare>
  package let mark: RunMark

  package init(shares: OneOrMore<BatchShare>, mark: RunMark) {
    self.shares = shares
    self.mark = mark
  }

  package var instance: Int { mark.instance }
  package var tickets: [Ticket] { shares.map(\.ticket) }
  package var rowCount: Int { shares.reduce(0) { $0 + $1.rows.count } }
}

/// Why the queue itself ended a request.
package enum QueueFailure: Sendable, Equatable {
  case full(limit: Int)
  case deadlinePassed
  /// It waited for longer than its queue's policy allows.
  case waitedTooLong(nanoseconds: UInt64)
  case cancelled
  /// Its client leaves the parts of its answer where they are.
  case clientTooSlow
  case draining
  /// The model was given up while the request waited, or before it came.
  case givenUp(reason: String)
  /// Its sequence was never started, is over, or lost the START on which the request relied.
  case sequenceNotStarted(SequenceMark.ID)
}

/// What the caller must do after leaving the lock. Empty means nothing.
package struct QueueDecision: Sendable {
  /// End these requests without an answer.
  package var fail: [(ticket: Ticket, reason: QueueFailure)] = []
  /// Hand this batch to its instance.
  package var run: Batch?
  /// Nobody waits for the answers of these runs any more: tell them to stop.
  package var stop: [RunMark] = []
  /// Run the request just offered on this very thread, now.
  package var runsInline = false
  /// Another instance may have a run to start at once: call `timePassed` when this is acted on.
  package var mayStartMore = false
  /// Nothing waits, nothing runs and nothing will be taken again.
  package var isDrained = false

  package init() {}
}

/// What the end of a share means for its request.
package enum ShareEnd: Sendable, Equatable {
  /// The request has ended without this run: drop the answer.
  case unwanted
  /// Rows of the request are still to come; keep the answer.
  case partial
  /// The request has all it will get.
  case last
}
