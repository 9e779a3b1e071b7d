import Batching
import Inference
import Testing

/// One light caller beside one that floods, on a model whose runs take a millisecond each.
private struct FloodedModel {
  private var queue: BatchQueueState
  private let instances: Int
  private var now = Instant(nanoseconds: 1_000_000)
  private var ends: [Int: (at: Instant, batch: Batch)] = [:]
  private var count: UInt64 = 0
  private var lightArrival: (ticket: Ticket, at: Instant)?
  private(set) var lightWaits: [UInt64] = []
  private(set) var floodRowCount = 0

  private static let runNanoseconds: UInt64 = 1_000_000

  init(instances: Int) {
    self.instances = instances
    queue = BatchQueueState(
      limits: QueueLimits(waitingMax: 256, runsMax: instances), isDeclaredCheap: false)
  }

  mutating func play(seed: UInt64, lightRequests: Int) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 { offer(caller: "flood", rows: Int.random(in: 1...4, using: &random)) }
    while lightWaits.count < lightRequests {
      if lightArrival == nil, Int.random(in: 0..<4, using: &random) == 0 {
        offer(caller: "light", rows: 1)
      }
      offer(caller: "flood", rows: Int.random(in: 1...4, using: &random))
      endNext()
    }
  }

  private mutating func offer(caller: String, rows: Int) {
    count += 1
    let ticket = Ticket(count: count, place: Int(count) % Ticket.placesMax)
    if caller == "light" { lightArrival = (ticket, now) }
    let request = QueuedRequest(
      ticket: ticket, caller: Caller(name: caller), deadline: .distantFuture, rowCount: rows)
    follow(queue.offer(request, mayRunInline: false, now: now))
  }

  private mutating func follow(_ decision: QueueDecision) {
    guard let batch = decision.run else { return }
    let cost = Self.runNanoseconds * UInt64(batch.rowCount)
    ends[batch.instance] = (now.advanced(byNanoseconds: cost), batch)
  }

  private mutating func endNext() {
    guard let (instance, end) = ends.min(by: { $0.value.at < $1.value.at }) else { return }
    ends[instance] = nil
    now = end.at
    queue.learn(
      nanoseconds: Self.runNanoseconds * UInt64(end.batch.rowCount),
      rowCount: end.batch.rowCount, now: now)
    for share in end.batch.shares {
      _ = queue.shareEnded(share, hasFailed: false, now: .never)
      if share.ticket == lightArrival?.ticket, let arrival = lightArrival {
        lightWaits.append(now.nanoseconds(since: arrival.at))
        lightArrival = nil
      } else {
        floodRowCount += share.rows.count
      }
    }
    follow(queue.instanceBecameFree(instance, now: now))
  }
}

@Suite struct FairnessSimulationTests {
  @Test(arguments: 1...4, 0..<5 as Range<UInt64>)
  func `a light caller waits for one run of a flooding one at most`(instances: Int, seed: UInt64) {
    var model = FloodedModel(instances: instances)
    model.play(seed: seed, lightRequests: 200)
    // Its own run, and what is left of the one in progress, which has four rows at most.
    #expect(model.lightWaits.allSatisfy { $0 <= 5_000_000 }, "seed \(seed)")
    #expect(model.floodRowCount > 200, "the flood is served too")
  }
}
