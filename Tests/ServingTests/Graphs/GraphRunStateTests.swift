import Testing

@testable import Serving

private typealias Decision = GraphRunState.Decision
private typealias Step = GraphRunState.Step

@Suite struct GraphRunStateTests {
  private func state(
    _ steps: [GraphRunState.Step], inFlightMax: Int = 8, asksMax: Int = 100
  ) -> GraphRunState {
    GraphRunState(steps: steps, inFlightMax: inFlightMax, asksMax: asksMax)
  }

  @Test func `a step opens when those that it needs are done`() {
    var state = state([Step(), Step(needs: [0])])
    #expect(state.begin().open == [0])
    let asked = state.opened(0, elementCount: 1, memberCount: 1)
    #expect(asked.ask.map(\.ask.step) == [0])
    #expect(state.askEnded(asked.ask[0].id, .made).assemble == [0])
    #expect(state.assembled(0).open == [1])
    let last = state.opened(1, elementCount: 1, memberCount: 1)
    #expect(state.askEnded(last.ask[0].id, .made).assemble == [1])
    #expect(state.assembled(1).end == .done)
  }

  @Test func `steps that need nothing of each other are under way together`() {
    var state = state([Step(), Step(), Step(needs: [0, 1])])
    #expect(state.begin().open == [0, 1])
  }

  @Test func `a failed ask is tried again as often as the step says, and then the step fails`() {
    var state = state([Step(retryCount: 2)])
    _ = state.begin()
    var decision = state.opened(0, elementCount: 1, memberCount: 1)
    for attempt in 1...2 {
      decision = state.askEnded(decision.ask[0].id, .failed(mayRetry: true))
      #expect(decision.ask.map(\.ask.attempt) == [attempt])
    }
    decision = state.askEnded(decision.ask[0].id, .failed(mayRetry: true))
    #expect(decision.end == .failed(step: 0))
  }

  @Test func `a failure that another try cannot mend is not tried again`() {
    var state = state([Step(retryCount: 2)])
    _ = state.begin()
    let decision = state.opened(0, elementCount: 1, memberCount: 1)
    #expect(state.askEnded(decision.ask[0].id, .failed(mayRetry: false)).end == .failed(step: 0))
  }

  @Test func `the fallback answers for an element and gives up its other models`() {
    var state = state([Step(hasFallback: true)])
    _ = state.begin()
    let asked = state.opened(0, elementCount: 1, memberCount: 3)
    let turned = state.askEnded(asked.ask[1].id, .failed(mayRetry: false))
    #expect(turned.abandon == [asked.ask[0].id, asked.ask[2].id])
    #expect(turned.ask.map(\.ask.member) == [GraphRunState.Ask.fallback])
    #expect(state.askEnded(asked.ask[0].id, .made).assemble.isEmpty)
    #expect(state.askEnded(turned.ask[0].id, .made).assemble == [0])
  }

  @Test func `a failing fallback fails the step`() {
    var state = state([Step(retryCount: 3, hasFallback: true)])
    _ = state.begin()
    let turned = state.opened(0, elementCount: 1, memberCount: 0)
    #expect(turned.ask.map(\.ask.member) == [GraphRunState.Ask.fallback])
    let end = state.askEnded(turned.ask[0].id, .failed(mayRetry: true)).end
    #expect(end == .failed(step: 0))
  }

  @Test func `a soft step that fails is left out, and what follows it opens`() {
    var state = state([Step(isSoft: true), Step(needs: [0])])
    _ = state.begin()
    let asked = state.opened(0, elementCount: 3, memberCount: 1)
    let failed = state.askEnded(asked.ask[0].id, .failed(mayRetry: false))
    #expect(failed.abandon == [asked.ask[1].id, asked.ask[2].id])
    #expect(failed.open == [1])
    #expect(state.isAbsent(0))
    #expect(state.leftOut(1).end == .done)
  }

  @Test func `no more asks of a step are under way than allowed`() {
    var state = state([Step()], inFlightMax: 2)
    _ = state.begin()
    let asked = state.opened(0, elementCount: 5, memberCount: 1)
    #expect(asked.ask.map(\.ask.element) == [0, 1])
    let next = state.askEnded(asked.ask[0].id, .made)
    #expect(next.ask.map(\.ask.element) == [2])
  }

  @Test func `a request with no element asks nothing`() {
    var state = state([Step()])
    _ = state.begin()
    #expect(state.opened(0, elementCount: 0, memberCount: 1).assemble == [0])
  }

  @Test func `a request that asks too much ends`() {
    var state = state([Step()], inFlightMax: 2, asksMax: 3)
    _ = state.begin()
    let asked = state.opened(0, elementCount: 9, memberCount: 1)
    _ = state.askEnded(asked.ask[0].id, .made)
    let end = state.askEnded(asked.ask[1].id, .made)
    #expect(end.end == .tooManyAsks)
    #expect(end.abandon.count == 1)
  }

  @Test func `cancelling gives up what is under way, and nothing happens after it`() {
    var state = state([Step(), Step(needs: [0])])
    _ = state.begin()
    let asked = state.opened(0, elementCount: 2, memberCount: 1)
    let cancelled = state.cancel()
    #expect(cancelled.abandon == asked.ask.map(\.id))
    #expect(cancelled.end == .cancelled)
    #expect(state.askEnded(asked.ask[0].id, .made).assemble.isEmpty)
    #expect(state.cancel().end == nil)
  }

  @Test(arguments: 0..<400 as Range<UInt64>)
  func `every walk ends once, asks within its bounds, and leaves nothing under way`(seed: UInt64) {
    var walk = GraphWalk(seed: seed)
    walk.run()
    #expect(walk.violations.isEmpty, "seed \(seed)")
  }
}

/// Plays a graph's events at random and keeps its own, naive book of what must be so.
private struct GraphWalk {
  private var random: WalkGenerator
  private var state: GraphRunState
  private let steps: [GraphRunState.Step]
  private let inFlightMax: Int
  private let asksMax: Int
  private var underWay: [UInt64: GraphRunState.Ask] = [:]
  private var opening: [Int] = []
  private var assembling: [Int] = []
  private var settled: Set<Int> = []
  private var opened: Set<Int> = []
  private var answered: [Int: Set<GraphRunState.Ask>] = [:]
  private var expected: [Int: (elements: Int, members: Int)] = [:]
  private var fallbacks: [Int: Set<Int>] = [:]
  private var askCount = 0
  private var ends: [GraphRunState.End] = []
  private(set) var violations: [String] = []

  init(seed: UInt64) {
    var random = WalkGenerator(seed: seed)
    let count = Int.random(in: 1...7, using: &random)
    steps = (0..<count).map { place in
      GraphRunState.Step(
        needs: (0..<place).filter { _ in Int.random(in: 0..<3, using: &random) == 0 },
        retryCount: Int.random(in: 0...2, using: &random),
        hasFallback: Bool.random(using: &random), isSoft: Bool.random(using: &random))
    }
    inFlightMax = Int.random(in: 1...4, using: &random)
    asksMax = Int.random(in: 5...80, using: &random)
    state = GraphRunState(steps: steps, inFlightMax: inFlightMax, asksMax: asksMax)
    self.random = random
  }

  mutating func run() {
    take(state.begin())
    var events = 0
    while ends.isEmpty, events < 10_000 {
      events += 1
      if Int.random(in: 0..<200, using: &random) == 0 {
        take(state.cancel())
      } else if !play() {
        violations.append("nothing is left to happen and there is no end")
        return
      }
    }
    if ends.count != 1 { violations.append("\(ends.count) ends") }
    if !underWay.isEmpty { violations.append("asks under way after the end") }
    if case .done = ends.first, settled.count + absentCount < steps.count {
      violations.append("done before all steps were")
    }
    for id in 1...UInt64(max(1, askCount)) where state.isInFlight(id) {
      violations.append("ask \(id) in flight after the end")
    }
  }

  private var absentCount: Int { steps.indices.count { state.isAbsent($0) } }

  /// One event that may happen now.
  private mutating func play() -> Bool {
    var kinds: [Int] = []
    if !opening.isEmpty { kinds.append(0) }
    if !underWay.isEmpty { kinds.append(1) }
    if !assembling.isEmpty { kinds.append(2) }
    guard let kind = kinds.randomElement(using: &random) else { return false }
    switch kind {
    case 0: open()
    case 1: answer()
    default: assemble()
    }
    return true
  }

  private mutating func open() {
    let step = opening.remove(at: Int.random(in: opening.indices, using: &random))
    switch Int.random(in: 0..<10, using: &random) {
    case 0: take(state.failed(step))
    case 1 where steps[step].needs.contains(where: { state.isAbsent($0) }):
      take(state.leftOut(step))
    default:
      let elements = Int.random(in: 0...4, using: &random)
      let members = Int.random(in: steps[step].hasFallback ? 0...3 : 1...3, using: &random)
      expected[step] = (elements, members)
      take(state.opened(step, elementCount: elements, memberCount: members))
    }
  }

  private mutating func answer() {
    guard let (id, ask) = underWay.sorted(by: { $0.key < $1.key }).randomElement(using: &random)
    else { return }
    underWay[id] = nil
    if Int.random(in: 0..<4, using: &random) == 0 {
      take(state.askEnded(id, .failed(mayRetry: Bool.random(using: &random))))
    } else {
      answered[ask.step, default: []].insert(ask)
      take(state.askEnded(id, .made))
    }
    // A second end of the same ask changes nothing.
    let again = state.askEnded(id, .made)
    if !again.ask.isEmpty || !again.assemble.isEmpty || again.end != nil {
      violations.append("an ask ended twice")
    }
  }

  private mutating func assemble() {
    let step = assembling.removeFirst()
    if Int.random(in: 0..<12, using: &random) == 0 {
      take(state.failed(step))
    } else {
      settled.insert(step)
      take(state.assembled(step))
    }
  }

  private mutating func take(_ decision: GraphRunState.Decision) {
    for id in decision.abandon { underWay[id] = nil }
    for step in decision.open {
      if !opened.insert(step).inserted { violations.append("step \(step) opened twice") }
      for need in steps[step].needs where !settled.contains(need) && !state.isAbsent(need) {
        violations.append("step \(step) opened before \(need) was over")
      }
      opening.append(step)
    }
    for (id, ask) in decision.ask {
      askCount += 1
      underWay[id] = ask
      if ask.attempt > steps[ask.step].retryCount { violations.append("too many tries") }
      if ask.member == GraphRunState.Ask.fallback {
        if !fallbacks[ask.step, default: []].insert(ask.element).inserted {
          violations.append("two fallbacks of one element")
        }
      }
      if underWay.values.count(where: { $0.step == ask.step }) > inFlightMax {
        violations.append("too many asks of step \(ask.step) under way")
      }
    }
    if askCount > asksMax { violations.append("more asks than allowed") }
    for step in decision.assemble {
      checkAnswered(step)
      assembling.append(step)
    }
    if let end = decision.end {
      ends.append(end)
      if !decision.ask.isEmpty || !decision.open.isEmpty { violations.append("asks at the end") }
    }
  }

  /// Each element has an answer of its fallback, or one of every model.
  private mutating func checkAnswered(_ step: Int) {
    guard let (elements, members) = expected[step] else { return }
    for element in 0..<elements {
      let own = answered[step, default: []].filter { $0.element == element }
      let hasFallback = own.contains { $0.member == GraphRunState.Ask.fallback }
      let count = Set(own.map(\.member)).subtracting([GraphRunState.Ask.fallback]).count
      if !hasFallback, count < members { violations.append("element \(element) is not answered") }
    }
  }
}

/// A small seeded generator, so that a failing walk can be walked again: SplitMix64.
private struct WalkGenerator: RandomNumberGenerator {
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
