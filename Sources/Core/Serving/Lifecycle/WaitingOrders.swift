import Inference

/// Orders that somebody waits for, until what they wait for has happened. The caretaker's alone.
struct WaitingOrders {
  private var wants: [ModelKey: [(revision: UInt64, want: PendingWant)]] = [:]
  private var unwants: [(numbers: Set<UInt64>, completion: @Sendable () -> Void)] = []
  private var wakes: [ModelKey: [WakeOrder]] = [:]

  // MARK: Versions to be served

  mutating func add(_ want: PendingWant, for key: ModelKey, _ revision: UInt64) {
    want.remainingCount += 1
    wants[key, default: []].append((revision, want))
  }

  /// A load of that revision, or of a later one, has ended.
  mutating func settle(_ key: ModelKey, _ revision: UInt64, _ fault: ServerFault?) {
    guard let all = wants.removeValue(forKey: key) else { return }
    let others = all.filter { $0.revision > revision }
    if !others.isEmpty { wants[key] = others }
    for (known, want) in all where known <= revision {
      want.remainingCount -= 1
      if let fault { want.faults.append(fault) }
      want.answerIfComplete()
    }
  }

  // MARK: Versions to be served no longer

  mutating func add(leaving numbers: Set<UInt64>, _ completion: @escaping @Sendable () -> Void) {
    guard !numbers.isEmpty else { return completion() }
    unwants.append((numbers, completion))
  }

  mutating func gone(_ number: UInt64) {
    for place in unwants.indices { unwants[place].numbers.remove(number) }
    let done = unwants.filter(\.numbers.isEmpty)
    unwants.removeAll(where: \.numbers.isEmpty)
    for order in done { order.completion() }
  }

  // MARK: Requests

  /// False where too many wait for that version already.
  mutating func add(_ order: WakeOrder, for key: ModelKey, countMax: Int) -> Bool {
    guard wakes[key]?.count ?? 0 < countMax else { return false }
    wakes[key, default: []].append(order)
    return true
  }

  mutating func takeWakes(of key: ModelKey) -> [WakeOrder] { wakes.removeValue(forKey: key) ?? [] }

  mutating func failWakes(of key: ModelKey, _ failure: InferenceFailure) {
    for order in takeWakes(of: key) { order.completion(.failure(failure)) }
  }

  var earliestDeadline: Instant {
    wakes.values.reduce(.distantFuture) { earliest, orders in
      orders.reduce(earliest) { min($0, $1.deadline) }
    }
  }

  /// Fails those whose deadline has passed.
  mutating func failLate(now: Instant) {
    for (key, orders) in wakes where orders.contains(where: { $0.deadline <= now }) {
      let rest = orders.filter { $0.deadline > now }
      wakes[key] = rest.isEmpty ? nil : rest
      for order in orders where order.deadline <= now {
        order.completion(
          .failure(.modelNotReady(name: key.name, state: .loading)))
      }
    }
  }

  mutating func refuseAll() {
    let (wants, unwants, wakes) = (wants, unwants, wakes)
    self = WaitingOrders()
    for (_, want) in wants.values.joined() {
      want.remainingCount -= 1
      want.faults.append(.limitReached("the server is shutting down"))
      want.answerIfComplete()
    }
    for order in unwants { order.completion() }
    for order in wakes.values.joined() { order.completion(.failure(.draining)) }
  }
}

/// One order for versions, until all of them are ready or failed. The caretaker's alone.
final class PendingWant {
  var remainingCount = 0
  var faults: [ServerFault] = []
  private var completion: (@Sendable ([ServerFault]) -> Void)?

  init(_ completion: @escaping @Sendable ([ServerFault]) -> Void) { self.completion = completion }

  /// Answers whoever waits, once nothing remains; only the first time.
  func answerIfComplete() {
    guard remainingCount == 0, let completion else { return }
    self.completion = nil
    completion(faults)
  }
}
