import Batching
import Inference
import Synchronization

/// One loaded version at work: its queue, its instances, and the way from a request to its answer.
///
/// Every event follows the same four steps: lock the shelf, decide, unlock, act.
final class ModelCore: Sendable {
  let name: String
  let version: Int64
  let loaded: any LoadedModel
  /// The model's own signature, and those of its methods by their numbers.
  let methods: [MethodSignature]
  let specification: ModelSpecification
  let instanceCount: Int
  let surroundings: Surroundings
  /// Its runs wait elsewhere and are given the context of their request.
  let waits: Bool
  /// A request may have any number of answers.
  let isDecoupled: Bool
  /// `nil` where requests of different shapes do not share runs.
  let padding: PaddingPlan?
  /// `nil` where requests do not belong to sequences.
  let sequences: SequencePlan?
  let shelf: Guarded<Shelf>
  let inlineInstances: InlineInstances?
  /// `nil` where no answers are kept.
  let answerKeeper: AnswerKeeper?
  /// Where its instances run, and what that occupies.
  let placements: [InstancePlacement]
  /// `nil` where its runs occupy nothing that others wait for.
  let turns: RunTurns?
  let drained = Signal(false)
  /// Set once, right after `init`, because the runners need the core itself.
  let runners: SharedRunners
  /// Start of the latest run that was found to be over its bound.
  let overBoundRun = Guarded(Instant.never)

  init(
    specification: ModelSpecification, loaded: any LoadedModel, instanceCount: Int,
    loopCount: Int, surroundings: Surroundings
  ) throws(RuntimeFault) {
    self.name = specification.name
    self.version = specification.version
    self.loaded = loaded
    self.methods = MethodSignature.all(of: loaded.signature)
    self.specification = specification
    self.instanceCount = instanceCount
    self.surroundings = surroundings
    self.waits = loaded is any WaitingModel
    self.isDecoupled = specification.isDecoupled(loaded)
    let policy = specification.batching(of: loaded)
    if let asked = policy.padding, policy.mode != .off {
      padding = try PaddingPlan(asked, for: loaded.signature)
    } else {
      padding = nil
    }
    sequences = try specification.scheduling.sequences.map { (policy) throws(RuntimeFault) in
      try SequencePlan(policy, for: loaded, specification: specification)
    }
    let settings = surroundings.settings
    let limits = QueueLimits(
      waitingMax: specification.waitingRequestsMax ?? settings.waitingRequestsMax,
      runsMax: instanceCount, inlineNanosecondsMax: settings.inlineNanosecondsMax)
    let queue = BatchQueueState(
      limits: limits, policy: policy, isDeclaredCheap: loaded.capabilities.isDeclaredCheap,
      sequences: sequences.map {
        SequenceState(policy: $0.policy, rowsMax: $0.rowsMax, instanceCount: instanceCount)
      })
    self.shelf = Guarded(
      Shelf(
        queue: queue, forms: RunForms(padding: padding), keepsOrder: policy.preservesOrdering))
    let keepsAnswers = specification.keepsAnswers(of: loaded) && settings.responseCacheBytesMax > 0
    self.answerKeeper = keepsAnswers ? AnswerKeeper(surroundings.responseCache) : nil
    self.placements = InstancePlacement.all(
      of: specification.scheduling.groups, count: instanceCount)
    let runners = SharedRunners()
    self.runners = runners
    // A graph that held what its own steps wait for would wait for ever.
    let isLimited = placements.contains { !$0.limit.claims.isEmpty } && !(loaded is GraphModel)
    self.turns =
      isLimited ? surroundings.limiter.map { RunTurns($0) { runners.take($0) } } : nil
    // What a loop runs itself would keep it from sending the first part before the last is made.
    self.inlineInstances =
      isDecoupled
      ? nil
      : (loaded as? any ComputingModel).map { InlineInstances(of: $0, loopCount: loopCount) }
  }

  /// Gives each instance its thread, or its place elsewhere.
  func start() throws(RuntimeFault) {
    var made: [any BatchRunner] = []
    // Also where one of them cannot be made: `stop` ends the others.
    defer { runners.all = made }
    if let waiting = loaded as? any WaitingModel {
      made = (0..<instanceCount).map {
        WaitingRunner(model: waiting, instance: $0, core: self)
      }
    } else if let computing = loaded as? any ComputingModel {
      for instance in 0..<instanceCount {
        made.append(
          try ModelThread(
            model: computing, instance: instance, core: self,
            cores: surroundings.settings.pinnedCores[placements[instance].hostPolicy]))
      }
    } else {
      throw RuntimeFault(code: .failed, message: "the model neither computes nor waits")
    }
    try turns?.join(placements)
  }

  /// Instances that compute: one whose runs wait elsewhere may have several under way.
  var computingInstanceCount: Int {
    instanceCount / max(1, (loaded as? any WaitingModel)?.runsPerInstance ?? 1)
  }

  /// What clients may send; what the server fills is not needed from them.
  var signature: ModelSignature {
    padding?.clientSignature ?? sequences?.clientSignature ?? loaded.signature
  }

  /// One call of the runtime for these shares; `nil` where their rows do not fit together.
  func work(_ shares: OneOrMore<RunOrder.Share>) -> BatchWork? {
    BatchWork(shares, padding: padding, sequences: sequences)
  }

  /// What an automatic batcher holds for best; `nil` where the operator chose.
  var tuning: BatchTuner.Choice? { shelf.withLock { $0.queue.tuning } }

  /// The same for those who only show it.
  var batchingChoice: ModelStatistics.Batching? {
    tuning.map {
      ModelStatistics.Batching(
        rowsMax: $0.rowsMax, delayNanoseconds: $0.delayNanoseconds, reason: "\($0.reason)")
    }
  }

  var queueDepth: Int { shelf.withLock { $0.queue.waitingCount } }

  // MARK: Events

  func cancel(_ ticket: UInt64) {
    let ticket = Ticket(number: ticket)
    act(
      decide { shelf, actions in
        if let request = shelf.takeHeld(ticket) { actions.failed.append((request, .cancelled)) }
        return shelf.queue.cancel(ticket, now: MonotonicClock.now())
      })
  }

  /// The client of a request in a run leaves its parts where they are.
  func clientIsTooSlow(_ ticket: Ticket) {
    act(
      decide { shelf, _ in
        shelf.queue.cancel(ticket, because: .clientTooSlow, now: MonotonicClock.now())
      })
  }

  func timePassed() {
    act(
      decide { shelf, _ in
        shelf.wakeAt = .distantFuture
        return shelf.queue.timePassed(now: MonotonicClock.now())
      })
  }

  /// Whether a request of a run still waits for its answer.
  func isWanted(_ ticket: Ticket) -> Bool { shelf.withLock { $0.queue.isWanted(ticket) } }

  /// An instance ended the run of `order`; answers the next order for the same instance.
  func runEnded(_ order: RunOrder, _ report: RunReport) -> RunOrder? {
    var answers: [Answer] = []
    let now = MonotonicClock.now()
    var actions = decide { shelf, _ in
      if let answer = shelf.settle(report.results.first, now: now) { answers.append(answer) }
      for result in report.results.others {
        if let answer = shelf.settle(result, now: now) { answers.append(answer) }
      }
      if let lesson = report.lesson {
        shelf.queue.learn(nanoseconds: lesson.nanoseconds, rowCount: lesson.rowCount, now: now)
      }
      return shelf.queue.instanceBecameFree(order.instance, now: now)
    }
    var next: RunOrder?
    if actions.run?.instance == order.instance { swap(&next, &actions.run) }
    turns?.runEnded(on: order.instance, next: next)
    for answer in answers { deliver(answer) }
    act(actions)
    return turns == nil ? next : nil
  }

  /// A share of a run that goes on has all of its answer.
  func shareIsDone(_ result: RunResult) {
    var answer: Answer?
    let actions = decide { shelf, _ in
      var decision = QueueDecision()
      answer = shelf.settle(result, now: MonotonicClock.now())
      if answer != nil { decision.stop = shelf.queue.leftRun(result.share.ticket) }
      return decision
    }
    act(actions)
    if let answer { deliver(answer) }
  }

  /// An order that waited for its turn is of no use any more.
  func runIsNotMade(_ order: RunOrder) {
    let now = MonotonicClock.now()
    let fault = RuntimeFault(code: .stopped, message: "the run was stopped before it began")
    let attempt = RunAttempt(started: now, computed: now, parts: [], fault: fault)
    _ = runEnded(
      order,
      RunReport(results: order.shares.mapped { $0.failed(by: attempt) }, lesson: nil))
  }

  /// A call of the runtime has ended, well or not.
  func batchRan(rowCount: Int, from started: Instant, to computed: Instant) {
    surroundings.observer.happened(
      .batchRan(
        name: name, version: version, rows: rowCount,
        nanoseconds: computed.nanoseconds(since: started)))
  }
}

extension ModelSpecification {
  /// The operator's batching, as far as the model itself allows it: rows can be joined only where they
  /// are independent of each other.
  fileprivate func batching(of model: any LoadedModel) -> BatchingPolicy {
    var policy = scheduling.batching
    let capabilities = model.capabilities
    if !model.signature.hasRowAxis || capabilities.isStateful
      || scheduling.sequences != nil || (model as? any WaitingModel)?.runsMax != nil
    {
      policy.mode = .off
    }
    if case .oldest(_, _, _, let keepsOrder) = scheduling.sequences?.strategy {
      policy.preservesOrdering = keepsOrder
    }
    // Parts leave as they come, so there is no order of answers that could be kept.
    if isDecoupled(model) { policy.preservesOrdering = false }
    return policy
  }

  /// What the operator says, or the model itself.
  func isDecoupled(_ model: any LoadedModel) -> Bool {
    scheduling.isDecoupled || model.capabilities.isDecoupled
  }
}
