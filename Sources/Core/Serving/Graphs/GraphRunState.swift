/// What one request of a graph does next: which steps open, what is asked, what is given up.
///
/// A plain value that knows steps by their places and nothing of tensors. Every event is a mutating
/// function that answers with a decision; after the end, every event answers with nothing.
///
///     waiting ──> opening ──> working ──> assembling ──> done
///        │           │            │            │
///        └───────────┴────────────┴────────────┴──> absent (left out, or failed and soft)
struct GraphRunState: Sendable {
  /// What deciding needs to know of a step.
  struct Step: Sendable, Equatable {
    /// Places of the steps whose outputs it takes, each once.
    var needs: [Int] = []
    var retryCount = 0
    var hasFallback = false
    var isSoft = false
  }

  /// One request to one model, or one call of a built-in step.
  struct Ask: Sendable, Hashable {
    let step: Int
    let element: Int
    /// Which of the step's models, `fallback` for the last resort.
    let member: Int
    /// 0 for the first try.
    let attempt: Int

    static let fallback = -1
  }

  enum Outcome: Sendable, Equatable {
    case made
    case failed(mayRetry: Bool)
  }

  enum End: Sendable, Equatable {
    case done
    /// A hard step failed.
    case failed(step: Int)
    /// The request made more asks than one may.
    case tooManyAsks
    case cancelled
  }

  /// What is to be done outside the lock, in this order.
  struct Decision: Sendable {
    /// Nobody waits for these any more.
    var abandon: [UInt64] = []
    /// Look at these steps' inputs, and answer with `opened` or `leftOut` or `failed`.
    var open: [Int] = []
    var ask: [(id: UInt64, ask: Ask)] = []
    /// Make these steps' outputs of what was answered, and answer with `assembled` or `failed`.
    var assemble: [Int] = []
    var end: End?
  }

  private struct Element {
    var membersLeft: Int
    var isOnFallback = false
  }

  private struct Work {
    let memberCount: Int
    var elements: [Element]
    var elementsLeft: Int
    /// Which (element, member) is asked next, counted through.
    var next = 0
    /// Tries after failures come before what was not asked yet.
    var again: [Ask] = []
    var inFlightCount = 0
  }

  private enum Phase {
    case waiting(needsLeft: Int)
    case opening
    case working(Work)
    case assembling
    case done
    case absent
  }

  private let steps: [Step]
  private let dependents: [[Int]]
  private let inFlightMax: Int
  private var phases: [Phase]
  private var inFlight: [UInt64: Ask] = [:]
  private var askCount: UInt64 = 0
  private var asksLeft: Int
  private var stepsLeft: Int
  private(set) var isEnded = false

  /// - Parameters:
  ///   - inFlightMax: asks of one step that may be under way at once.
  ///   - asksMax: asks of the whole request, retries included.
  init(steps: [Step], inFlightMax: Int, asksMax: Int) {
    self.steps = steps
    self.inFlightMax = max(1, inFlightMax)
    asksLeft = asksMax
    stepsLeft = steps.count
    phases = steps.map { .waiting(needsLeft: $0.needs.count) }
    var dependents = [[Int]](repeating: [], count: steps.count)
    for (place, step) in steps.enumerated() {
      for need in step.needs { dependents[need].append(place) }
    }
    self.dependents = dependents
  }

  /// Whether an ask is still under way.
  func isInFlight(_ id: UInt64) -> Bool { inFlight[id] != nil }

  func isAbsent(_ step: Int) -> Bool {
    if case .absent = phases[step] { true } else { false }
  }

  // MARK: Events

  /// The first event.
  mutating func begin() -> Decision {
    var decision = Decision()
    for place in steps.indices where steps[place].needs.isEmpty {
      phases[place] = .opening
      decision.open.append(place)
    }
    return decision
  }

  /// A step's inputs are there: so many elements, each for so many models; no model at all means the
  /// fallback.
  mutating func opened(_ step: Int, elementCount: Int, memberCount: Int) -> Decision {
    var decision = Decision()
    guard !isEnded, case .opening = phases[step] else { return decision }
    if memberCount == 0, !steps[step].hasFallback {
      fail(step, into: &decision)
      return decision
    }
    var work = Work(
      memberCount: memberCount,
      elements: Array(repeating: Element(membersLeft: memberCount), count: elementCount),
      elementsLeft: elementCount)
    if memberCount == 0 {
      for element in 0..<elementCount { turnToFallback(element, of: step, &work, &decision) }
    }
    phases[step] = .working(work)
    goOn(step, into: &decision)
    return decision
  }

  /// An input that the step cannot do without was left out by a soft step.
  mutating func leftOut(_ step: Int) -> Decision {
    var decision = Decision()
    guard !isEnded, case .opening = phases[step] else { return decision }
    settle(step, as: .absent, into: &decision)
    return decision
  }

  mutating func askEnded(_ id: UInt64, _ outcome: Outcome) -> Decision {
    var decision = Decision()
    guard !isEnded, let ask = inFlight.removeValue(forKey: id),
      case .working(var work) = phases[ask.step]
    else { return decision }
    work.inFlightCount -= 1
    var hasFailed = false
    switch outcome {
    case .made: made(ask, &work)
    case .failed(let mayRetry): hasFailed = !recovers(ask, mayRetry, &work, &decision)
    }
    phases[ask.step] = .working(work)
    if hasFailed {
      fail(ask.step, into: &decision)
    } else {
      goOn(ask.step, into: &decision)
    }
    return decision
  }

  /// A step's outputs are there.
  mutating func assembled(_ step: Int) -> Decision {
    var decision = Decision()
    guard !isEnded, case .assembling = phases[step] else { return decision }
    settle(step, as: .done, into: &decision)
    return decision
  }

  /// A step cannot be opened or assembled.
  mutating func failed(_ step: Int) -> Decision {
    var decision = Decision()
    guard !isEnded else { return decision }
    switch phases[step] {
    case .opening, .assembling: fail(step, into: &decision)
    case .waiting, .working, .done, .absent: break
    }
    return decision
  }

  mutating func cancel() -> Decision {
    var decision = Decision()
    end(.cancelled, into: &decision)
    return decision
  }

  // MARK: Deciding

  private func made(_ ask: Ask, _ work: inout Work) {
    work.elements[ask.element].membersLeft -= 1
    if work.elements[ask.element].membersLeft == 0 { work.elementsLeft -= 1 }
  }

  /// Whether the step goes on after a failed ask: it is tried again, or the fallback is.
  private mutating func recovers(
    _ ask: Ask, _ mayRetry: Bool, _ work: inout Work, _ decision: inout Decision
  ) -> Bool {
    if ask.member == Ask.fallback { return false }
    if mayRetry, ask.attempt < steps[ask.step].retryCount {
      work.again.append(
        Ask(step: ask.step, element: ask.element, member: ask.member, attempt: ask.attempt + 1))
      return true
    }
    guard steps[ask.step].hasFallback else { return false }
    turnToFallback(ask.element, of: ask.step, &work, &decision)
    return true
  }

  /// The element's other models are given up; the fallback answers for all of them.
  private mutating func turnToFallback(
    _ element: Int, of step: Int, _ work: inout Work, _ decision: inout Decision
  ) {
    let others = inFlight.filter { $0.value.step == step && $0.value.element == element }.keys
    for id in others.sorted() {
      inFlight[id] = nil
      work.inFlightCount -= 1
      decision.abandon.append(id)
    }
    work.again.removeAll { $0.element == element }
    work.elements[element] = Element(membersLeft: 1, isOnFallback: true)
    work.again.append(Ask(step: step, element: element, member: Ask.fallback, attempt: 0))
  }

  /// Asks what may be asked now, or has the step assembled once all is answered.
  private mutating func goOn(_ step: Int, into decision: inout Decision) {
    guard case .working(var work) = phases[step] else { return }
    if work.elementsLeft == 0 {
      phases[step] = .assembling
      decision.assemble.append(step)
      return
    }
    while work.inFlightCount < inFlightMax, let ask = nextAsk(of: step, &work) {
      guard asksLeft > 0 else { return end(.tooManyAsks, into: &decision) }
      asksLeft -= 1
      askCount += 1
      inFlight[askCount] = ask
      work.inFlightCount += 1
      decision.ask.append((askCount, ask))
    }
    phases[step] = .working(work)
  }

  private func nextAsk(of step: Int, _ work: inout Work) -> Ask? {
    if !work.again.isEmpty { return work.again.removeFirst() }
    while work.next < work.elements.count * work.memberCount {
      let (element, member) = work.next.quotientAndRemainder(dividingBy: work.memberCount)
      work.next += 1
      if work.elements[element].isOnFallback { continue }
      return Ask(step: step, element: element, member: member, attempt: 0)
    }
    return nil
  }

  private mutating func fail(_ step: Int, into decision: inout Decision) {
    guard steps[step].isSoft else { return end(.failed(step: step), into: &decision) }
    for id in inFlight.filter({ $0.value.step == step }).keys.sorted() {
      inFlight[id] = nil
      decision.abandon.append(id)
    }
    settle(step, as: .absent, into: &decision)
  }

  /// The step is over; what waited for it alone opens.
  private mutating func settle(_ step: Int, as phase: Phase, into decision: inout Decision) {
    phases[step] = phase
    stepsLeft -= 1
    for place in dependents[step] {
      guard case .waiting(let left) = phases[place] else { continue }
      phases[place] = left == 1 ? .opening : .waiting(needsLeft: left - 1)
      if left == 1 { decision.open.append(place) }
    }
    if stepsLeft == 0 { end(.done, into: &decision) }
  }

  private mutating func end(_ end: End, into decision: inout Decision) {
    guard !isEnded else { return }
    isEnded = true
    let abandoned = decision.abandon + inFlight.keys.sorted()
    decision = Decision()
    decision.abandon = abandoned
    decision.end = end
    inFlight = [:]
  }
}
