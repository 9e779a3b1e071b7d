package import Inference

/// Names a request inside one model's queue; grows with each request offered.
///
/// The low bits name a place in the tables of whoever keeps something by ticket, so that finding it
/// needs no search: of the requests that are in the house at one time, each has a place of its own.
package struct Ticket: Sendable, Hashable, Comparable {
  package let number: UInt64

  /// Bits of the number that name the place.
  package static let placeBits = 20
  /// Requests that can be in the house at one time.
  package static let placesMax = 1 << placeBits

  package init(number: UInt64) { self.number = number }

  /// The `count`th request offered, at that place.
  package init(count: UInt64, place: Int) {
    precondition(place >= 0 && place < Self.placesMax, "place \(place) of a ticket")
    number = count << UInt64(Self.placeBits) | UInt64(place)
  }

  /// Where its request is kept.
  package var place: Int { Int(number & UInt64(Self.placesMax - 1)) }

  package static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}

/// Stands for all that requests must have in common in order to share a run: shapes without the row
/// axis, datatypes, wanted outputs, parameters.
package struct BatchKey: Sendable, Hashable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }
}

/// What the queue needs to know of a request in order to decide about it.
package struct QueuedRequest: Sendable {
  package let ticket: Ticket
  package let caller: Caller
  package let deadline: Instant
  /// Rows on the batch axis; 1 where the model has none.
  package let rowCount: Int
  /// As the request says it: 1 is the most urgent, 0 the model's default.
  package var priority: Int
  /// How long the request itself says that it may wait; 0 where it does not.
  package var timeoutNanoseconds: UInt64
  /// `nil` for a request that neither shares a run nor may be split into several.
  package var key: BatchKey?

  package init(ticket: Ticket, caller: Caller, deadline: Instant, rowCount: Int) {
    self.ticket = ticket
    self.caller = caller
    self.deadline = deadline
    self.rowCount = rowCount
    self.priority = 0
    self.timeoutNanoseconds = 0
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
    self.waitingMax = min(waitingMax, Ticket.placesMax / 2)
    self.runsMax = runsMax
    self.inlineNanosecondsMax = inlineNanosecondsMax
  }
}
