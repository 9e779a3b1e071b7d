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
  /// Stands before the sink where the model is decoupled.
  var stream: PartStream?
  /// For a model that waits; its deadline is `deadline`.
  var context: RequestContext?
  /// When the first of its runs started, of which another follows.
  var firstStarted: Instant?

  /// Its phases so far.
  func served(version: Int64) -> ServedPhases {
    var served = ServedPhases()
    served.version = version
    served.admitted = admitted
    served.rowCount = rowCount
    return served
  }
}

/// What one model's lock protects: the deciding state and the requests that its tickets name.
struct Shelf: Sendable {
  private struct Place: Sendable {
    var request: PendingRequest
    /// What it got so far, while its rows are spread over several runs or its answer is held.
    var results: [RunResult] = []
    /// It has all it will get, and waits for those before it.
    var isHeld = false
  }

  var queue: BatchQueueState
  var forms: RunForms
  /// Earliest instant for which the clock was asked.
  var wakeAt = Instant.distantFuture
  private var places: [Place?] = []
  private var freePlaces: [Int] = []
  private var ticketCount: UInt64 = 0
  /// `nil` where answers leave as they come.
  private var order: AnswerOrder?
  /// Ordered answers on their way; whoever finds nobody delivering, delivers.
  private var leaving: [Answer] = []
  private var isDelivering = false

  init(queue: BatchQueueState, forms: RunForms, keepsOrder: Bool) {
    self.queue = queue
    self.forms = forms
    order = keepsOrder ? AnswerOrder() : nil
  }

  // MARK: Requests

  /// The ticket of the next request; its place is taken by `keep`.
  mutating func makeTicket() -> Ticket {
    ticketCount += 1
    return Ticket(count: ticketCount, place: freePlaces.last ?? places.count)
  }

  mutating func keep(_ request: PendingRequest) {
    let place = request.ticket.place
    if freePlaces.last == place {
      freePlaces.removeLast()
      places[place] = Place(request: request)
    } else {
      places.append(Place(request: request))
    }
    order?.enter(request.ticket)
  }

  /// Takes off the shelf a request that ends without an answer; whoever holds it must end it.
  mutating func take(_ ticket: Ticket) -> PendingRequest? {
    guard let place = clear(ticket) else { return nil }
    if !place.isHeld, let next = order?.left(ticket) { release(next) }
    return place.request
  }

  /// Takes off the shelf a request whose answer is held back behind others.
  mutating func takeHeld(_ ticket: Ticket) -> PendingRequest? {
    guard isKept(ticket), places[ticket.place]?.isHeld == true else { return nil }
    return take(ticket)
  }

  /// The requests of a batch, which stay on the shelf until they end.
  func order(of batch: Batch) -> RunOrder {
    let shares = batch.shares.mapped { share in
      guard isKept(share.ticket), let place = places[share.ticket.place] else {
        preconditionFailure("\(share.ticket) runs and is not on the shelf")
      }
      return RunOrder.Share(
        request: place.request, rows: share.rows, turn: queue.sequences?.turn(of: share.ticket))
    }
    return RunOrder(mark: batch.mark, shares: shares)
  }

  private func isKept(_ ticket: Ticket) -> Bool {
    ticket.place < places.count && places[ticket.place]?.request.ticket == ticket
  }

  private mutating func clear(_ ticket: Ticket) -> Place? {
    guard isKept(ticket) else { return nil }
    defer {
      places[ticket.place] = nil
      freePlaces.append(ticket.place)
    }
    return places[ticket.place]
  }

  // MARK: Answers

  /// Notes what a share got; answers the request's whole answer once that is there and may leave
  /// right away.
  mutating func settle(_ result: RunResult, now: Instant) -> Answer? {
    let ticket = result.share.ticket
    if result.isUnfinished || !result.states.isEmpty { queue.keep(result.states, of: ticket) }
    if result.isUnfinished, queue.runsAgain(ticket) {
      if places[ticket.place]?.request.firstStarted == nil {
        places[ticket.place]?.request.firstStarted = result.started
      }
      return nil
    }
    switch queue.shareEnded(result.share, hasFailed: result.hasFailed, now: now) {
    case .unwanted: return nil
    case .partial:
      places[ticket.place]?.results.append(result)
      return nil
    case .last:
      guard order != nil else {
        return clear(ticket).map { answer($0, last: result) }
      }
      places[ticket.place]?.results.append(result)
      places[ticket.place]?.isHeld = true
      if let next = order?.answered(ticket) { release(next) }
      return nil
    }
  }

  private func answer(_ place: Place, last: RunResult) -> Answer {
    var results = OneOrMore(last)
    for earlier in place.results { results.append(earlier) }
    return Answer(request: place.request, results: results)
  }

  private mutating func release(_ tickets: [Ticket]) {
    for ticket in tickets {
      guard let place = clear(ticket), let results = OneOrMore(listing: place.results) else {
        continue
      }
      leaving.append(Answer(request: place.request, results: results))
    }
  }

  /// Ordered answers for the caller to deliver; `nil` where there are none or somebody else is
  /// delivering. Ask again after delivering, until `nil`.
  mutating func takeLeaving(isContinuing: Bool) -> [Answer]? {
    guard isContinuing || !isDelivering else { return nil }
    isDelivering = !leaving.isEmpty
    defer { leaving = [] }
    return leaving.isEmpty ? nil : leaving
  }
}

/// What is to be done outside the lock.
struct ShelfActions: Sendable {
  var failed: [(request: PendingRequest, reason: QueueFailure)] = []
  var run: RunOrder?
  /// Runs of which nobody wants the answer any more.
  var stop: [RunMark] = []
  /// Ordered answers that this caller has to deliver.
  var leaving: [Answer]?
  var runsInline = false
  var mayStartMore = false
  var isDrained = false
  var depth = 0
  /// The clock is to call back by then.
  var wakeAt: Instant?
}
