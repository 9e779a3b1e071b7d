import Inference
import Synchronization

/// One request of a graph on its way through the steps: the shell around `GraphRunState`.
///
/// Lock, decide, unlock, act. Whoever brings an event while another thread acts leaves the decision
/// to that one, so decisions are acted upon in their order and never inside each other. Tensors pass
/// from step to step by reference.
final class GraphRun: Sendable {
  typealias Completion = @Sendable (Result<[RunPart], RuntimeFault>) -> Void

  let plan: GraphPlan
  let workshop: GraphWorkshop
  let context: RequestContext
  let parameters: [Parameter]
  private let wanted: [Int]
  private let stop: StopFlag
  private let completion: Completion
  private let book: Guarded<GraphRunBook>

  init(
    _ plan: GraphPlan, _ batch: RunBatch, workshop: GraphWorkshop, stop: StopFlag,
    completion: @escaping Completion
  ) {
    self.plan = plan
    self.workshop = workshop
    self.stop = stop
    self.completion = completion
    parameters = batch.parameters
    wanted = batch.outputs.isEmpty ? Array(plan.outputs.indices) : batch.outputs
    context =
      batch.context
      ?? RequestContext(
        id: "", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    book = Guarded(GraphRunBook(plan, inputs: batch.inputs, limits: workshop.limits))
  }

  func begin() {
    stop.observe { [self] isRaised in
      // The flag's lock is held here, so what cancels is left to another thread.
      if isRaised { workshop.workers.giveAlways { self.cancel() } }
    }
    advance { $0.state.begin() }
    if stop.isRaised { cancel() }
  }

  private func cancel() { advance { $0.state.cancel() } }

  /// What an ask gave.
  func askEnded(_ id: UInt64, _ ask: GraphRunState.Ask, _ result: GraphAnswer) {
    advance { book in
      guard book.state.isInFlight(id) else { return GraphRunState.Decision() }
      book.handles[id] = nil
      switch result {
      case .made(let tensors):
        book.answers[ask.step]?.keep(tensors, of: ask)
        return book.state.askEnded(id, .made)
      case .failed(let failure, let mayRetry):
        book.failures[ask.step] = failure
        return book.state.askEnded(id, .failed(mayRetry: mayRetry))
      }
    }
  }

  // MARK: Acting

  private func advance(_ event: (inout GraphRunBook) -> GraphRunState.Decision) {
    var next = book.withLock { book -> GraphRunState.Decision? in
      let decision = event(&book)
      if book.isActing {
        book.decisions.append(decision)
        return nil
      }
      book.isActing = true
      return decision
    }
    while let decision = next {
      act(decision)
      next = book.withLock { $0.nextDecision() }
    }
  }

  private func act(_ decision: GraphRunState.Decision) {
    for id in decision.abandon { book.withLock { $0.handles.removeValue(forKey: id) }?.cancel() }
    for step in decision.open { open(step) }
    for (id, ask) in decision.ask { start(ask, id) }
    for step in decision.assemble { assemble(step) }
    if let end = decision.end { finish(end) }
  }

  private func open(_ place: Int) {
    let step = plan.steps[place]
    let (tensors, selector) = book.withLock { ($0.tensors(of: step), $0.selector(of: step)) }
    for (tensor, isOptional) in zip(tensors, step.isOptional) where tensor == nil && !isOptional {
      return advance { $0.state.leftOut(place) }
    }
    do throws(InferenceFailure) {
      let work = try GraphStepWork(
        step, tensors: tensors, selector: selector, self, elementsMax: workshop.limits.elementsMax)
      advance { book in
        book.works[place] = work
        book.answers[place] = GraphStepAnswers(work)
        return book.state.opened(
          place, elementCount: work.elementCount, memberCount: work.memberCount)
      }
    } catch {
      fail(place, error)
    }
  }

  /// At once, but for another try after a failure.
  private func start(_ ask: GraphRunState.Ask, _ id: UInt64) {
    guard ask.attempt > 0 else { return submit(ask, id) }
    let pause = RetryPause.nanoseconds(before: ask.attempt, chance: .random(in: 0..<1))
    let due = MonotonicClock.now().advanced(byNanoseconds: pause)
    let isWorthwhile = due < context.deadline
    if isWorthwhile, workshop.workers.give(at: due, { self.submit(ask, id) }) { return }
    // There is no time for it, or no room: what failed before is the outcome.
    advance { $0.state.askEnded(id, .failed(mayRetry: false)) }
  }

  private func submit(_ ask: GraphRunState.Ask, _ id: UInt64) {
    let work = book.withLock { book in book.state.isInFlight(id) ? book.works[ask.step] : nil }
    guard let work else { return }
    guard let handle = GraphAsk(self, ask, id, work).submit() else { return }
    let isStale = book.withLock { book -> Bool in
      guard book.state.isInFlight(id) else { return true }
      book.handles[id] = handle
      return false
    }
    if isStale { handle.cancel() }
  }

  private func assemble(_ place: Int) {
    guard let answers = book.withLock({ $0.answers.removeValue(forKey: place) }) else { return }
    let finish: @Sendable () -> Void = { [self] in
      do throws(InferenceFailure) {
        let tensors = try answers.assembled(plan)
        advance { $0.take(tensors, from: place, of: self.plan) }
      } catch {
        fail(place, error)
      }
    }
    if answers.isTrivial || answers.byteCount <= workshop.limits.briefBytesMax {
      finish()
    } else if !workshop.workers.give(finish) {
      fail(place, workshop.isFull)
    }
  }

  private func fail(_ place: Int, _ failure: InferenceFailure) {
    advance { book in
      book.failures[place] = failure
      return book.state.failed(place)
    }
  }

  private func finish(_ end: GraphRunState.End) {
    stop.stopObserving()
    let book = book.withLock { book in
      defer { book.clear() }
      return book.result
    }
    switch end {
    case .done:
      let outputs = wanted.map { place in
        book.tensors[plan.outputs[place]] ?? plan.signature.outputs[place].empty
      }
      completion(.success([.outputs(rows: 0..<rowCount(of: outputs), outputs)]))
    case .failed(let step):
      let failure = book.failures[step] ?? .cancelled
      completion(.failure(RuntimeFault(passingOn: failure)))
    case .tooManyAsks:
      let message = "the request needs more than \(workshop.limits.asksMax) requests to its models"
      completion(.failure(RuntimeFault(code: .invalidArgument, message: message)))
    case .cancelled:
      completion(.failure(RuntimeFault(code: .stopped, message: "the run was told to stop")))
    }
  }

  private func rowCount(of outputs: [Tensor]) -> Int {
    guard plan.signature.hasRowAxis, let first = outputs.first, first.shape.rank > 0 else {
      return 1
    }
    return first.shape[0]
  }
}

extension GraphWorkshop {
  /// Too much waits for the workers.
  var isFull: InferenceFailure {
    .overloaded(limit: .waitingRequests(limits.waitingWorkMax), retryAfter: .seconds(1))
  }
}

/// What one ask gave.
enum GraphAnswer: Sendable {
  /// One tensor for each output that the step binds.
  case made([Tensor])
  case failed(InferenceFailure, mayRetry: Bool)
}

/// What a run's lock protects.
struct GraphRunBook: Sendable {
  var state: GraphRunState
  var tensors: [Tensor?]
  var works: [Int: GraphStepWork] = [:]
  var answers: [Int: GraphStepAnswers] = [:]
  /// The latest failure of each step.
  var failures: [Int: InferenceFailure] = [:]
  var handles: [UInt64: RequestHandle] = [:]
  var decisions: [GraphRunState.Decision] = []
  var isActing = false

  init(_ plan: GraphPlan, inputs: [Tensor?], limits: GraphLimits) {
    state = GraphRunState(
      steps: plan.steps.map(\.deciding), inFlightMax: plan.inFlightRequestsMax,
      asksMax: limits.asksMax)
    tensors = inputs + [Tensor?](repeating: nil, count: plan.tensors.count - inputs.count)
  }

  /// The next decision to act upon; the caller goes on acting until there is none.
  mutating func nextDecision() -> GraphRunState.Decision? {
    isActing = !decisions.isEmpty
    return decisions.isEmpty ? nil : decisions.removeFirst()
  }

  func tensors(of step: GraphPlan.Step) -> [Tensor?] { step.inputs.map { tensors[$0] } }

  /// The tensor that decides which model is asked.
  func selector(of step: GraphPlan.Step) -> Tensor? {
    guard case .switched(.tensor(let place), _, _, _) = step.work else { return nil }
    return tensors[place]
  }

  mutating func take(
    _ made: [Tensor], from place: Int, of plan: GraphPlan
  ) -> GraphRunState.Decision {
    guard !state.isEnded else { return GraphRunState.Decision() }
    for (output, tensor) in zip(plan.steps[place].outputs, made) { tensors[output] = tensor }
    works[place] = nil
    return state.assembled(place)
  }

  /// What an ended run leaves.
  var result: (tensors: [Tensor?], failures: [Int: InferenceFailure]) { (tensors, failures) }

  /// Lets go of everything; the state alone remains.
  mutating func clear() {
    tensors = []
    works = [:]
    answers = [:]
    handles = [:]
    failures = [:]
  }
}
