import Inference
import Testing

@testable import Serving

private let a1 = ModelKey(name: "a", version: 1)
private let a2 = ModelKey(name: "a", version: 2)
private let b1 = ModelKey(name: "b", version: 1)
private let c1 = ModelKey(name: "c", version: 1)

/// What is wished for and what there is, moved by hand.
private struct Plan {
  var desired = DesiredModels()
  var loaded = LoadedModels()
  var limits = RolloutLimits()

  mutating func want(_ key: ModelKey, isOnDemand: Bool = false, bytes: Int = 10) -> UInt64 {
    desired.want(key, isOnDemand: isOnDemand, expectedByteCount: bytes)
  }

  mutating func serve(_ key: ModelKey, bytes: Int = 10, lastUsed: UInt64 = 0) {
    let revision = desired[key]?.revision ?? 0
    loaded.change(key) { facts in
      facts.loading = nil
      facts.loadingByteCount = 0
      facts.served = revision
      facts.tried = revision
      facts.byteCount = bytes
      facts.lastUsed = lastUsed
      facts.isAsked = false
    }
  }

  /// Every version looked at anew.
  var open: OpenVersions {
    var open = OpenVersions()
    for key in Set(desired.wishes.keys).union(loaded.versions.keys) {
      open.review(key, desired, loaded)
    }
    return open
  }

  func next(now: UInt64 = 1) -> RolloutStep? {
    RolloutPolicy.nextStep(
      desired, loaded, open: open, limits: limits, now: Instant(nanoseconds: now))
  }
}

/// The same beside what the caretaker keeps up with each change.
private struct KeptPlan {
  var plan = Plan()
  var open = OpenVersions()

  mutating func change(_ key: ModelKey, _ change: (inout Plan) -> Void) {
    change(&plan)
    open.review(key, plan.desired, plan.loaded)
  }
}

@Suite struct RolloutPolicyTests {
  @Test func `what is wished for is loaded, oldest wish first, so many at a time`() {
    var plan = Plan()
    let first = plan.want(b1)
    _ = plan.want(a1)
    #expect(plan.next() == .load(b1, revision: first))
    plan.loaded.change(b1) { $0.loading = first }
    #expect(plan.next() == nil)
    plan.limits.loadsMax = 2
    #expect(plan.next() == .load(a1, revision: 2))
  }

  @Test func `what is served as wished needs nothing`() {
    var plan = Plan()
    _ = plan.want(a1)
    plan.serve(a1)
    #expect(plan.next() == nil)
  }

  @Test func `a failed load is not tried again until it is wished for anew`() {
    var plan = Plan()
    let first = plan.want(a1)
    plan.loaded.change(a1) { $0.tried = first }
    #expect(plan.next() == nil)
    let second = plan.want(a1)
    #expect(plan.next() == .load(a1, revision: second))
  }

  @Test func `a wish that was taken back is let go of before anything is loaded`() {
    var plan = Plan()
    _ = plan.want(a1)
    plan.serve(a1)
    plan.desired.unwant(a1)
    _ = plan.want(b1)
    #expect(plan.next() == .release(a1))
  }

  @Test func `a superseded version stays until its successor answers, and where that fails`() {
    var plan = Plan()
    _ = plan.want(a1)
    plan.serve(a1)
    let second = plan.want(a2)
    plan.desired.supersede(othersThan: [2], of: "a")
    #expect(plan.next() == .load(a2, revision: second))
    plan.loaded.change(a2) { $0.loading = second }
    #expect(plan.next() == nil)
    plan.loaded.change(a2) { facts in
      facts.loading = nil
      facts.tried = second
    }
    #expect(plan.next() == nil)
    plan.serve(a2)
    #expect(plan.next() == .release(a1))
  }

  @Test func `what is loaded on demand waits for a request, and goes before what was not asked`() {
    var plan = Plan()
    let first = plan.want(a1, isOnDemand: true)
    #expect(plan.next() == nil)
    _ = plan.want(b1)
    plan.loaded.change(a1) { $0.isAsked = true }
    #expect(plan.next() == .load(a1, revision: first))
  }

  @Test func `the version asked longest ago makes room, and its memory is waited for`() {
    var plan = Plan()
    plan.limits.byteCountMax = 25
    for (key, used) in [(a1, 5), (b1, 3)] {
      _ = plan.want(key, isOnDemand: true)
      plan.serve(key, lastUsed: UInt64(used))
    }
    let third = plan.want(c1, isOnDemand: true)
    plan.loaded.change(c1) { $0.isAsked = true }
    #expect(plan.next() == .evict(b1))
    plan.loaded.change(b1) { facts in
      facts.served = nil
      facts.byteCount = 0
    }
    plan.loaded.retiringByteCount = 10
    #expect(plan.next() == nil)
    plan.loaded.retiringByteCount = 0
    #expect(plan.next() == .load(c1, revision: third))
  }

  @Test func `what can never fit, or only by giving up what was asked for good, is refused`() {
    var plan = Plan()
    plan.limits.byteCountMax = 25
    _ = plan.want(a1)
    plan.serve(a1, bytes: 20)
    let second = plan.want(b1)
    #expect(plan.next() == .refuse(b1, revision: second, neededByteCount: 10))
    plan.desired.unwant(b1)
    let third = plan.want(c1, bytes: 30)
    #expect(plan.next() == .refuse(c1, revision: third, neededByteCount: 30))
  }

  @Test func `a version that turned out larger than expected pushes out the least used`() {
    var plan = Plan()
    plan.limits.byteCountMax = 25
    for (key, used) in [(a1, 1), (b1, 2)] {
      _ = plan.want(key, isOnDemand: true)
      plan.serve(key, bytes: 20, lastUsed: UInt64(used))
    }
    #expect(plan.next() == .evict(a1))
  }

  @Test func `a version that was given up comes back when its wait is over`() {
    var plan = Plan()
    let first = plan.want(a1)
    plan.loaded.change(a1) { facts in
      facts.tried = first
      facts.faultCount = 1
      facts.retryAt = Instant(nanoseconds: 100)
    }
    #expect(plan.next(now: 99) == nil)
    #expect(plan.next(now: 100) == .load(a1, revision: first))
  }

  @Test func `of a thousand wishes only those are looked at that are to be loaded`() {
    var kept = KeptPlan()
    let keys = (0..<1_000).map { ModelKey(name: "m\($0)", version: 1) }
    for (place, key) in keys.enumerated() {
      kept.change(key) { _ = $0.want(key, isOnDemand: place % 2 == 0) }
    }
    #expect(Array(kept.open.coming) == keys.enumerated().filter { $0.0 % 2 == 1 }.map(\.1))
    for key in keys.dropLast() {
      kept.change(key) { $0.serve(key) }
    }
    #expect(Array(kept.open.coming) == [keys[999]])
    kept.change(keys[999]) { $0.loaded.change(keys[999]) { $0.loading = 1_000 } }
    #expect(Array(kept.open.coming).isEmpty)
    kept.change(keys[0]) { plan in
      plan.loaded.change(keys[0]) { facts in
        facts.served = nil
        facts.isAsked = true
      }
    }
    kept.change(keys[1]) { _ = $0.want(keys[1]) }
    #expect(Array(kept.open.coming) == [keys[0], keys[1]])
    kept.change(keys[1]) { $0.desired.unwant(keys[1]) }
    #expect(kept.open.leaving == [keys[1]])
  }

  @Test(arguments: 0..<200)
  func `whatever happens, every wish is served or refused, within the memory`(
    seed: UInt64
  ) {
    var random = SeededNumbers(seed: seed)
    var kept = KeptPlan()
    kept.plan.limits = RolloutLimits(loadsMax: 2, byteCountMax: 45)
    let keys = [a1, a2, b1, c1]
    for _ in 0..<60 {
      let key = keys[Int(random.next() % 4)]
      let (event, isOnDemand) = (random.next() % 5, random.next() % 2 == 0)
      kept.change(key) { plan in
        switch event {
        case 0: _ = plan.want(key, isOnDemand: isOnDemand)
        case 1: plan.desired.unwant(key)
        case 2: if plan.desired[key] != nil { plan.loaded.change(key) { $0.isAsked = true } }
        case 3: plan.desired.supersede(othersThan: [key.version], of: key.name)
        default: break
        }
      }
      #expect(kept.open == kept.plan.open, "seed \(seed)")
      advance(&kept, &random)
    }
    for _ in 0..<200 { advance(&kept, &random) }
    let plan = kept.plan
    #expect(plan.next() == nil)
    #expect(plan.loaded.byteCount <= 45)
    for key in keys {
      guard let wish = plan.desired[key] else {
        #expect(plan.loaded[key].served == nil, "seed \(seed): \(key) is not wished for")
        continue
      }
      if !wish.isOnDemand, !wish.isSuperseded {
        // Refused, where a second copy of it did not fit beside the first.
        #expect(plan.loaded[key].tried == wish.revision, "seed \(seed): \(key)")
      }
    }
  }

  /// One step, carried out as the caretaker does, and perhaps the end of a load.
  private func advance(_ kept: inout KeptPlan, _ random: inout SeededNumbers) {
    carryOut(kept.plan.next(), &kept)
    #expect(kept.open == kept.plan.open)
    guard random.next() % 2 == 0 else { return }
    let ended = kept.plan.loaded.versions.filter { $0.value.loading != nil }.keys.sorted().first
    guard let ended else { return }
    kept.change(ended) { plan in
      plan.loaded.change(ended) { facts in
        facts.tried = facts.loading ?? 0
        facts.loading = nil
        facts.loadingByteCount = 0
        facts.isAsked = false
      }
      guard let wish = plan.desired[ended], wish.revision == plan.loaded[ended].tried else {
        return
      }
      plan.serve(ended)
    }
    #expect(kept.open == kept.plan.open)
  }

  private func carryOut(_ step: RolloutStep?, _ kept: inout KeptPlan) {
    switch step {
    case .load(let key, let revision):
      kept.change(key) { plan in
        plan.loaded.change(key) { facts in
          facts.loading = revision
          facts.loadingByteCount = 10
        }
      }
      #expect(kept.plan.loaded.loadingCount <= 2)
    case .release(let key), .evict(let key):
      kept.change(key) { plan in
        if case .release = step { plan.desired.unwant(key) }
        plan.loaded.change(key) { facts in
          facts.served = nil
          facts.byteCount = 0
        }
      }
    case .refuse(let key, let revision, _):
      kept.change(key) { plan in
        plan.loaded.change(key) { facts in
          facts.tried = revision
          facts.isAsked = false
        }
      }
    case nil: break
    }
  }
}

/// SplitMix64, for walks that can be repeated.
struct SeededNumbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct ReloadBackoffTests {
  @Test(arguments: [1, 7, 99] as [UInt64]) func `waits double from a second to five minutes`(
    seed: UInt64
  ) {
    var backoff = ReloadBackoff(seed: seed)
    for count in 1...40 {
      let whole = min(Duration.seconds(300), .seconds(1) * (1 << min(count - 1, 20)))
      let wait = backoff.delay(afterFailures: count)
      #expect(wait >= whole * 4 / 5 && wait <= whole * 6 / 5)
    }
  }

  @Test func `the same seed gives the same waits, another seed others`() {
    func waits(_ seed: UInt64) -> [Duration] {
      var backoff = ReloadBackoff(seed: seed)
      return (1...8).map { backoff.delay(afterFailures: $0) }
    }
    #expect(waits(5) == waits(5))
    #expect(waits(5) != waits(6))
  }
}
