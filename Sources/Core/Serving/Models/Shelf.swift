import Batching
import Inference

/// A request between the door and its answer: what the queue's tickets stand for.
struct PendingRequest: Sendable {
  let ticket: Ticket
  let tensors: TensorRequest
  let deadline: Instant
  let arrival: Instant
  let admitted: Instant
  let rowCount: Int
  let byteCount: Int
  let sink: any ResponseSink
}

/// What one model's lock protects: the deciding state and the requests that its tickets name.
struct Shelf: Sendable {
  var queue: BatchQueueState
  private var pending: [UInt64: PendingRequest] = [:]
  private var ticketCount: UInt64 = 0
  /// Earliest instant for which the clock was asked.
  var wakeAt = Instant.distantFuture

  init(queue: BatchQueueState) { self.queue = queue }

  mutating func makeTicket() -> Ticket {
    ticketCount += 1
    return Ticket(number: ticketCount)
  }

  mutating func keep(_ request: PendingRequest) { pending[request.ticket.number] = request }

  /// Takes a request off the shelf; whoever holds it then must end it.
  mutating func take(_ ticket: Ticket) -> PendingRequest? {
    pending.removeValue(forKey: ticket.number)
  }

  /// The requests of a batch, which stay on the shelf until their run ends.
  func requests(of batch: Batch) -> [PendingRequest] {
    batch.tickets.compactMap { pending[$0.number] }
  }
}

/// What is to be done outside the lock.
struct ShelfActions: Sendable {
  var failed: [(request: PendingRequest, reason: QueueFailure)] = []
  var run: RunOrder?
  var runsInline = false
  var isDrained = false
  var depth = 0
  /// The clock is to call back by then.
  var wakeAt: Instant?
}

/// A batch with its requests, for the thread of one instance.
struct RunOrder: Sendable {
  let instance: Int
  let requests: [PendingRequest]
}
