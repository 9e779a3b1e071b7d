import Inference

/// What the caretaker is asked for, and what it is told.
enum CaretakerOrder: Sendable {
  case want(WantOrder)
  case unwant(UnwantOrder)
  case wake(WakeOrder)
  /// A loaded model has begun to answer its proof.
  case proofBegan(LoadAttempt, at: Instant)
  case loadEnded(LoadAttempt, Result<any LoadedModel, RuntimeFault>)
  /// The memory of the served model with that number is back.
  case gone(UInt64)
  /// A run of this version lasted longer than its bound.
  case runExceededBound(ModelKey)
}

/// Versions to be served.
struct WantOrder: Sendable {
  let specifications: [ModelSpecification]
  let isOnDemand: Bool
  /// The name of which these are to be the only versions; `nil` leaves others as they are.
  let replaces: String?
  /// Versions of that name that stay as they are.
  let keeps: Set<Int64>
  /// Called once, with what could not be loaded, when all of them are ready or failed.
  let completion: @Sendable ([ServerFault]) -> Void
}

/// Versions to be served no longer.
struct UnwantOrder: Sendable {
  let name: String
  /// `nil` means all.
  let version: Int64?
  /// Called once, when their memory is back.
  let completion: @Sendable () -> Void
}

/// A request that waits for its model.
struct WakeOrder: Sendable {
  let address: ModelAddress
  let deadline: Instant
  let completion: Entrance.LeaseCompletion
}

/// Where orders for the caretaker lie, in the order in which they were given.
final class CaretakerOrders: Sendable {
  private struct Line {
    var orders: [CaretakerOrder] = []
    var isClosed = false
  }

  private let line = Signal(Line())

  /// From any thread; returns at once. After `close`, what somebody waits for is refused here.
  func give(_ order: CaretakerOrder) {
    var isRefused = false
    line.update { line in
      isRefused = line.isClosed && !order.isReport
      if !isRefused { line.orders.append(order) }
    }
    if isRefused { order.refuse() }
  }

  /// No more orders; reports of what is under way still come through.
  func close() { line.update { $0.isClosed = true } }

  /// Sleeps until there are orders, or until `limit`, and takes them; the caretaker's alone.
  func take(until limit: Instant) -> (orders: [CaretakerOrder], isClosed: Bool) {
    let nanoseconds = limit == .distantFuture ? nil : limit.nanoseconds
    let hasMore = line.sleepUntilReady(before: nanoseconds) { line -> Bool? in
      !line.orders.isEmpty || line.isClosed ? true : nil
    }
    guard hasMore != nil else { return ([], false) }
    return line.withValue { line in
      defer { line.orders = [] }
      return (line.orders, line.isClosed)
    }
  }

  /// Sleeps until there are reports, also after `close`, or until `limit`.
  func takeReports(until limit: Instant) -> [CaretakerOrder] {
    line.sleepUntilReady(before: limit.nanoseconds) { line -> [CaretakerOrder]? in
      guard !line.orders.isEmpty else { return nil }
      defer { line.orders = [] }
      return line.orders
    } ?? []
  }
}

extension CaretakerOrder {
  /// Tells what has happened, and nobody waits for it.
  var isReport: Bool {
    switch self {
    case .want, .unwant, .wake: false
    case .proofBegan, .loadEnded, .gone, .runExceededBound: true
    }
  }

  /// The server is closing.
  func refuse() {
    switch self {
    case .want(let order): order.completion([.limitReached("the server is shutting down")])
    case .unwant(let order): order.completion()
    case .wake(let order): order.completion(.failure(.draining))
    case .proofBegan, .loadEnded, .gone, .runExceededBound: break
    }
  }
}

/// Tells the caretaker what it must hear of, and passes everything on.
struct Watchman: EventObserver {
  let observer: any EventObserver
  let orders: CaretakerOrders

  func happened(_ event: InferenceEvent) {
    observer.happened(event)
    // A thread that is given up later belongs to the version that was given up here.
    if case .runExceededBound(let name, let version) = event {
      orders.give(.runExceededBound(ModelKey(name: name, version: version)))
    }
  }

  func finished(_ record: RequestRecord) { observer.finished(record) }
}
