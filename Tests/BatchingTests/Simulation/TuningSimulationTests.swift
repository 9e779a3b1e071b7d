import Batching
import Glibc
import Inference
import Testing

/// A model with a cost by rows, and a load, played against the queue without a clock.
private struct TunedModel {
  /// Who asks, and when the next request follows.
  enum Load {
    /// So many callers, each of whom asks again as soon as it has its answer.
    case closed(callers: Int)
    /// Requests that come whether or not the others were answered: so many a second.
    case open(perSecond: Double)
  }

  struct Outcome {
    var rowsPerSecond = 0.0
    var p99 = 0.0
    var choice: BatchTuner.Choice?
  }

  private enum Event {
    case arrival
    case end(Batch)
    case wake
  }

  private var queue: BatchQueueState
  private let cost: (Int) -> Double
  private let load: Load
  /// How long a client needs between an answer and its next request, in nanoseconds.
  private let pause: ClosedRange<Double>
  /// Callers who do not ask again.
  private var leavingCount = 0
  private var random: SeededGenerator
  private var now: UInt64 = 1_000
  private var events: [(at: UInt64, event: Event)] = []
  private var wakeAt = UInt64.max
  private var count: UInt64 = 0
  private var freePlaces: [Int]
  private var admitted: [UInt64: UInt64] = [:]
  private var latencies: [UInt64] = []
  private var isMeasuring = false

  /// - Parameter cost: nanoseconds of a run by its rows.
  init(
    _ policy: BatchingPolicy, instances: Int, load: Load, seed: UInt64,
    pause: ClosedRange<Double> = 5e3...3e4, cost: @escaping (Int) -> Double
  ) {
    queue = BatchQueueState(
      limits: QueueLimits(waitingMax: 4_096, runsMax: instances), policy: policy,
      isDeclaredCheap: false)
    self.cost = cost
    self.load = load
    self.pause = pause
    random = SeededGenerator(seed: seed)
    freePlaces = Array((0..<8_192).reversed())
  }

  /// Plays until so many requests were answered, after as many that are not counted.
  mutating func play(warm: Int, counted: Int) -> Outcome {
    switch load {
    case .closed(let callers): come(callers)
    case .open: schedule(.arrival, after: 0)
    }
    return playOn(warm: warm, counted: counted)
  }

  /// So many callers more.
  mutating func come(_ callers: Int) {
    for _ in 0..<callers { schedule(.arrival, after: 0) }
  }

  /// So many callers fewer, from their next answers on.
  mutating func leave(_ callers: Int) { leavingCount += callers }

  /// The choice of now, and the time since the start in nanoseconds.
  var state: (choice: BatchTuner.Choice?, nanoseconds: UInt64) { (queue.tuning, now) }

  mutating func playOn(warm: Int, counted: Int) -> Outcome {
    var answered = 0
    while answered < warm { answered += step() }
    isMeasuring = true
    latencies = []
    let began = now
    answered = 0
    while answered < counted { answered += step() }
    var outcome = Outcome()
    outcome.rowsPerSecond = Double(answered) / Double(now - began) * 1e9
    latencies.sort()
    outcome.p99 = Double(latencies[latencies.count * 99 / 100])
    outcome.choice = queue.tuning
    return outcome
  }

  private mutating func schedule(_ event: Event, after nanoseconds: Double) {
    let at = now + UInt64(max(0, nanoseconds))
    let place = events.lastIndex { $0.at >= at }.map { $0 + 1 } ?? 0
    events.insert((at, event), at: place)
  }

  private mutating func step() -> Int {
    guard let (at, event) = events.popLast() else { return 0 }
    now = at
    let instant = Instant(nanoseconds: now)
    switch event {
    case .arrival: arrive(instant)
    case .wake:
      wakeAt = .max
      follow(queue.timePassed(now: instant))
    case .end(let batch): return end(batch, instant)
    }
    return 0
  }

  private mutating func arrive(_ instant: Instant) {
    if case .open(let perSecond) = load {
      let uniform = Double.random(in: 1e-9..<1, using: &random)
      schedule(.arrival, after: -log(uniform) / perSecond * 1e9)
    }
    guard let place = freePlaces.popLast() else { return }
    count += 1
    let ticket = Ticket(count: count, place: place)
    admitted[ticket.number] = now
    var request = QueuedRequest(
      ticket: ticket, caller: Caller(name: "a"), deadline: .distantFuture, rowCount: 1)
    request.key = BatchKey(number: 1)
    follow(queue.offer(request, mayRunInline: false, now: instant))
  }

  private mutating func end(_ batch: Batch, _ instant: Instant) -> Int {
    queue.learn(
      nanoseconds: UInt64(cost(batch.rowCount)), rowCount: batch.rowCount, now: instant)
    var answered = 0
    for share in batch.shares {
      _ = queue.shareEnded(share, hasFailed: false, now: instant)
      answered += 1
      freePlaces.append(share.ticket.place)
      let began = admitted.removeValue(forKey: share.ticket.number) ?? now
      if isMeasuring { latencies.append(now - began) }
      guard case .closed = load else { continue }
      if leavingCount > 0 {
        leavingCount -= 1
      } else {
        schedule(.arrival, after: Double.random(in: pause, using: &random))
      }
    }
    follow(queue.instanceBecameFree(batch.instance, now: instant))
    return answered
  }

  private mutating func follow(_ first: QueueDecision) {
    var decision = first
    while true {
      if let batch = decision.run {
        schedule(
          .end(batch), after: cost(batch.rowCount) * Double.random(in: 0.97...1.06, using: &random))
      }
      guard decision.mayStartMore else { break }
      decision = queue.timePassed(now: Instant(nanoseconds: now))
    }
    if let wake = queue.nextWake?.nanoseconds, wake < wakeAt, wake != .max {
      wakeAt = wake
      schedule(.wake, after: wake > now ? Double(wake - now) : 0)
    }
  }
}

/// Models as they are met: what a run costs by its rows, in nanoseconds.
private enum KnownCost: String, CaseIterable, CustomTestStringConvertible {
  /// A network on a processor: each row costs the same.
  case convolution
  /// Much that a run costs once, little by row: an accelerator, a tiny model.
  case flat
  /// Something of each.
  case mixed
  /// Pays up to some rows, and turns worse when the working set leaves the cache.
  case cached

  func nanoseconds(_ rows: Int) -> Double {
    let rows = Double(rows)
    switch self {
    case .convolution: return 20_000 + 1_000_000 * rows
    case .flat: return 2_000_000 + 10_000 * rows
    case .mixed: return 400_000 + 200_000 * rows
    case .cached: return 500_000 + 100_000 * rows + (rows > 8 ? 250_000 * (rows - 8) : 0)
    }
  }

  static let joiningPays = [KnownCost.flat, .mixed, .cached]

  var testDescription: String { rawValue }
}

@Suite struct TuningSimulationTests {
  /// What an operator might write down: rows of a run, and nanoseconds to wait for them.
  private static let fixedSettings: [(rows: Int, delay: UInt64)] = [
    (1, 0), (2, 100_000), (4, 100_000), (8, 0), (8, 100_000), (16, 100_000), (32, 100_000),
  ]

  private func fixed(
    _ cost: KnownCost, _ load: TunedModel.Load, instances: Int, seed: UInt64
  ) -> [TunedModel.Outcome] {
    Self.fixedSettings.map { rows, delay in
      var policy = BatchingPolicy(mode: rows > 1 ? .fixed : .off, rowsMax: rows)
      policy.delayNanosecondsMax = delay
      var model = TunedModel(
        policy, instances: instances, load: load, seed: seed, cost: cost.nanoseconds)
      return model.play(warm: 300, counted: 1_500)
    }
  }

  private func tuned(
    _ aim: BatchingAim, _ cost: KnownCost, _ load: TunedModel.Load, instances: Int, seed: UInt64
  ) -> TunedModel.Outcome {
    var model = TunedModel(
      BatchingPolicy(mode: .automatic(aim), rowsMax: 32), instances: instances, load: load,
      seed: seed, cost: cost.nanoseconds)
    return model.play(warm: 70_000, counted: 10_000)
  }

  @Test(arguments: KnownCost.joiningPays, [(callers: 4, instances: 1), (16, 2)])
  fileprivate func `serves nearly as many rows as the best fixed setting`(
    cost: KnownCost, house: (callers: Int, instances: Int)
  ) {
    let load = TunedModel.Load.closed(callers: house.callers)
    let best = fixed(cost, load, instances: house.instances, seed: 2).map { $0.rowsPerSecond }.max()
    let found = tuned(.throughput, cost, load, instances: house.instances, seed: 2)
    #expect(found.rowsPerSecond >= 0.9 * (best ?? 0), "\(String(describing: found.choice))")
  }

  @Test(arguments: KnownCost.joiningPays, [0.7])
  fileprivate func `keeps a target that a fixed setting keeps`(cost: KnownCost, share: Double) {
    let capacity = [1, 8, 32].map { Double($0) / cost.nanoseconds($0) * 1e9 }.max() ?? 0
    let load = TunedModel.Load.open(perSecond: share * capacity)
    let target = 12_000_000.0
    let best = fixed(cost, load, instances: 1, seed: 3).map { $0.p99 }.min() ?? 0
    let found = tuned(.p99(nanoseconds: UInt64(target)), cost, load, instances: 1, seed: 3)
    #expect(found.p99 <= max(target, best * 1.15), "best \(best)")
  }

  /// A small convolutional net: joined rows are a little cheaper, and photos take a while to come.
  private static func mobileNet(_ rows: Int) -> Double { 700_000 + 3_500_000 * Double(rows) }

  @Test(arguments: [1, 4, 16, 64])
  func `finds its feet within a second where callers come and go`(callers: Int) {
    func model(_ policy: BatchingPolicy, callers: Int) -> TunedModel {
      TunedModel(
        policy, instances: 1, load: .closed(callers: callers), seed: 7, pause: 2e5...1e6,
        cost: Self.mobileNet)
    }
    let best = [(1, 0), (4, 5_000_000), (16, 20_000_000)].map { rows, delay in
      var policy = BatchingPolicy(mode: rows > 1 ? .fixed : .off, rowsMax: rows)
      policy.delayNanosecondsMax = UInt64(delay)
      var fixed = model(policy, callers: callers)
      return fixed.play(warm: 50, counted: 400).rowsPerSecond
    }.max()
    var tuned = model(BatchingPolicy(mode: .automatic(.throughput), rowsMax: 64), callers: 16)
    _ = tuned.play(warm: 1_000, counted: 1)
    if callers > 16 { tuned.come(callers - 16) } else { tuned.leave(16 - callers) }
    let found = tuned.playOn(warm: 60, counted: 400)
    #expect(found.rowsPerSecond >= 0.9 * (best ?? 0), "\(found), best \(best ?? 0)")
  }

  /// A large one: each row costs a fifteenth of a second, joined or not.
  @Test(arguments: [4, 16, 64], [11, 12, 13, 14])
  func `learns little about long runs that save nothing`(callers: Int, seed: Int) {
    var model = TunedModel(
      BatchingPolicy(mode: .automatic(.throughput), rowsMax: 64), instances: 1,
      load: .closed(callers: callers), seed: UInt64(seed), pause: 1e6...4e6
    ) { 75e6 * Double($0) }
    _ = model.play(warm: 20, counted: 20)
    #expect(model.state.choice?.rowsMax == 1, "\(model.state)")
    let later = model.playOn(warm: 60, counted: 400)
    #expect(later.choice?.rowsMax == 1)
    #expect(later.rowsPerSecond >= 0.95 / 75e-3, "\(later)")
  }

  @Test func `leaves joining off where it does not pay`() {
    let found = tuned(.throughput, .convolution, .closed(callers: 16), instances: 1, seed: 5)
    #expect(found.choice?.rowsMax == 1)
    #expect(found.choice?.delayNanoseconds == 0)
  }
}

@Suite struct LatencySketchTests {
  @Test func `the percentile is found to within an eighth`() {
    var tuner = BatchTuner(aim: .p99(nanoseconds: 1_000_000), rowsMax: 4)
    // Both sizes cost the same by row, but for the last, so that joining pays.
    for rows in [1, 2, 4] {
      for _ in 0..<40 {
        tuner.runEnded(
          rowCount: rows, nanoseconds: 100_000, waitingCount: 0, now: Instant(nanoseconds: 1_000))
      }
    }
    for place in 0..<900 { tuner.requestEnded(nanoseconds: place % 50 == 0 ? 3_000_000 : 10_000) }
    tuner.runEnded(
      rowCount: 4, nanoseconds: 100_000, waitingCount: 0, now: Instant(nanoseconds: 2_000))
    guard case .missesTarget(let p99, _) = tuner.choice.reason else {
      Issue.record("got \(tuner.choice)")
      return
    }
    #expect((3_000_000...3_375_000).contains(p99))
  }
}
