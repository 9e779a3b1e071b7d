package import Inference

/// Names a request inside one model's queue; grows by one with each request offered.
package struct Ticket: Sendable, Hashable, Comparable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }

  package static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}

/// What the queue needs to know of a request in order to decide about it.
package struct QueuedRequest: Sendable {
  package let ticket: Ticket
  package let caller: Caller
  package let deadline: Instant
  /// Rows on the batch axis; 1 where the model has none.
  package let rowCount: Int

  package init(ticket: Ticket, caller: Caller, deadline: Instant, rowCount: Int) {
    self.ticket = ticket
    self.caller = caller
    self.deadline = deadline
    self.rowCount = rowCount
  }
}

/// Bounds of one model's queue.
package struct QueueLimits: Sendable, Equatable {
  /// Requests that may wait; those that run are not counted.
  package var waitingMax: Int
  /// Runs that may go on at once: model threads, or starts of a model that waits elsewhere.
  package var runsMax: Int
  /// A run expected to cost less than this happens on the event loop itself.
  package var inlineNanosecondsMax: UInt64

  package init(waitingMax: Int, runsMax: Int, inlineNanosecondsMax: UInt64 = 50_000) {
    self.waitingMax = waitingMax
    self.runsMax = runsMax
    self.inlineNanosecondsMax = inlineNanosecondsMax
  }
}

/// Requests that run together, and where.
package struct Batch: Sendable, Equatable {
  /// In the order in which they were offered.
  package let tickets: [Ticket]
  /// Which of the model's instances runs them, from 0.
  package let instance: Int

  package init(tickets: [Ticket], instance: Int) {
    self.tickets = tickets
    self.instance = instance
  }
}

/// Why the queue itself ended a request.
package enum QueueFailure: Sendable, Equatable {
  case full(limit: Int)
  case deadlinePassed
  case cancelled
  case draining
}

/// What the caller must do after leaving the lock. Empty means nothing.
package struct QueueDecision: Sendable {
  /// End these requests without an answer.
  package var fail: [(ticket: Ticket, reason: QueueFailure)] = []
  /// Hand this batch to its instance.
  package var run: Batch?
  /// Run the request just offered on this very thread, now.
  package var runsInline = false
  /// Nothing waits, nothing runs and nothing will be taken again.
  package var isDrained = false

  package init() {}
}
