import Inference
import Testing

@testable import Workers

@Suite struct WorkerStateTests {
  static let limits = WorkerState.Limits(
    start: .seconds(10), run: .seconds(5), firstRest: .milliseconds(100), restMax: .seconds(2))

  static func at(_ milliseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + milliseconds * 1_000_000)
  }

  static let crash = RuntimeFault(code: .failed, message: "the worker crashed")

  /// One that is ready at 1 ms.
  static func ready() -> WorkerState {
    var state = WorkerState(limits: limits, now: at(0))
    _ = state.timePassed(now: at(0))
    _ = state.becameReady()
    return state
  }

  @Test func `starts at once, and opens when it is ready`() {
    var state = WorkerState(limits: Self.limits, now: Self.at(0))
    #expect(state.timePassed(now: Self.at(0)) == WorkerDecision(starts: true))
    #expect(state.obstacle == "its worker is starting")
    #expect(state.becameReady() == WorkerDecision(opens: true))
    #expect(state.obstacle == nil)
  }

  @Test func `is killed where it does not become ready in time`() {
    var state = WorkerState(limits: Self.limits, now: Self.at(0))
    _ = state.timePassed(now: Self.at(0))
    #expect(state.timePassed(now: Self.at(9_999)) == WorkerDecision())
    #expect(state.wakeAt == Self.at(10_000))
    #expect(state.timePassed(now: Self.at(10_000)).kills)
    #expect(state.phase == .ending)
  }

  @Test func `is killed for a run that takes too long, and all its runs fail with that reason`() {
    var state = Self.ready()
    state.runBegan(1, now: Self.at(100))
    state.runBegan(2, now: Self.at(200))
    #expect(state.wakeAt == Self.at(5_100))
    let decision = state.timePassed(now: Self.at(5_100))
    #expect(decision.kills)
    #expect(decision.failsRuns?.message.contains("longer than") == true)
    #expect(state.obstacle?.contains("longer than") == true)
  }

  @Test func `a run that ended in time is not held against it`() {
    var state = Self.ready()
    state.runBegan(1, now: Self.at(100))
    state.runEnded(1)
    #expect(state.wakeAt == .distantFuture)
    #expect(state.timePassed(now: Self.at(60_000)) == WorkerDecision())
  }

  @Test func `a crash fails the runs under way, and the next process starts at once`() {
    var state = Self.ready()
    state.runBegan(1, now: Self.at(100))
    let decision = state.ended(Self.crash, now: Self.at(150))
    #expect(decision == WorkerDecision(failsRuns: Self.crash))
    #expect(state.isExpected)
    #expect(state.timePassed(now: Self.at(150)).starts)
    #expect(state.obstacle == "its worker is starting: the worker crashed")
  }

  @Test func `rests longer after each start that came to nothing, up to its bound`() {
    var state = WorkerState(limits: Self.limits, now: Self.at(0))
    var now = Self.at(0)
    var rests: [UInt64] = []
    for _ in 0..<8 {
      #expect(state.timePassed(now: now).starts)
      _ = state.ended(Self.crash, now: now)
      rests.append(state.wakeAt.nanoseconds(since: now) / 1_000_000)
      now = state.wakeAt
    }
    #expect(rests == [0, 100, 200, 400, 800, 1_600, 2_000, 2_000])
  }

  @Test func `gives up those who wait once a second start has failed`() {
    var state = WorkerState(limits: Self.limits, now: Self.at(0))
    _ = state.timePassed(now: Self.at(0))
    #expect(state.ended(Self.crash, now: Self.at(1)).givesUp == nil)
    _ = state.timePassed(now: Self.at(1))
    #expect(state.ended(Self.crash, now: Self.at(2)).givesUp == Self.crash)
    #expect(!state.isExpected)
  }

  @Test func `an answered run makes up for earlier failures`() {
    var state = Self.ready()
    _ = state.ended(Self.crash, now: Self.at(10))
    _ = state.timePassed(now: Self.at(10))
    _ = state.becameReady()
    state.runBegan(1, now: Self.at(20))
    state.runEnded(1)
    #expect(state.failureCount == 0)
  }

  @Test func `a run that its process never heard of makes up for nothing and is not waited for`() {
    var state = Self.ready()
    _ = state.ended(Self.crash, now: Self.at(10))
    _ = state.timePassed(now: Self.at(10))
    _ = state.becameReady()
    state.runBegan(1, now: Self.at(20))
    state.runWithdrawn(1)
    #expect(state.failureCount == 1)
    #expect(state.wakeAt == .distantFuture)
  }

  @Test func `what was wrong with it stays the reason when its process ends`() {
    var state = Self.ready()
    state.runBegan(1, now: Self.at(10))
    let decision = state.broke("its answer is malformed")
    #expect(decision.failsRuns?.message == "the worker was stopped: its answer is malformed")
    _ = state.ended(Self.crash, now: Self.at(20))
    #expect(state.lastEnd?.message.contains("malformed") == true)
  }

  @Test func `stopped for good, it starts nothing any more`() {
    var state = Self.ready()
    state.runBegan(1, now: Self.at(10))
    let decision = state.stopped()
    #expect(decision.kills)
    #expect(decision.failsRuns?.code == .stopped)
    #expect(state.ended(Self.crash, now: Self.at(20)) == WorkerDecision())
    #expect(state.timePassed(now: .distantFuture) == WorkerDecision())
  }

  /// Whatever happens in whatever order: no second process beside a first, every run ends once, and a
  /// worker that is not ready says why.
  @Test(arguments: 0..<200)
  func `random lives keep to the rules`(seed: Int) {
    var random = Seeded(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1)
    var state = WorkerState(limits: Self.limits, now: Self.at(0))
    var now: UInt64 = 0
    var hasProcess = false
    var open: Set<UInt64> = []
    var count: UInt64 = 0
    for _ in 0..<400 {
      now += random.next() % 3_000
      var decision = WorkerDecision()
      switch random.next() % 8 {
      case 0 where hasProcess: decision = state.becameReady()
      case 1 where hasProcess:
        hasProcess = false
        decision = state.ended(Self.crash, now: Self.at(now))
      case 2 where hasProcess: decision = state.broke("it lies")
      case 3, 4:
        if state.isReady {
          count += 1
          open.insert(count)
          state.runBegan(count, now: Self.at(now))
        }
      case 5:
        if let number = open.randomElement(using: &random) {
          open.remove(number)
          state.runEnded(number)
        }
      default: decision = state.timePassed(now: Self.at(now))
      }
      if decision.starts {
        #expect(!hasProcess, "a second process at \(now)")
        hasProcess = true
      }
      if decision.failsRuns != nil { open = [] }
      if decision.kills { #expect(hasProcess) }
      if case .resting = state.phase { #expect(open.isEmpty) }
      #expect((state.obstacle == nil) == state.isReady)
    }
  }
}

/// A generator whose numbers follow from its seed.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
