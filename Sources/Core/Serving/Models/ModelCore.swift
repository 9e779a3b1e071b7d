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
  let specification: ModelSpecification
  let instanceCount: Int
  let surroundings: Surroundings
  private let shelf: Guarded<Shelf>
  private let inlineInstances: InlineInstances?
  private let drained = Signal(false)
  /// Why it takes nothing more, once that is so.
  private let refusal = Guarded(InferenceFailure.draining)
  /// Set once, right after `init`, because the runners need the core itself.
  private let runners = Guarded<[any BatchRunner]>([])

  init(
    specification: ModelSpecification, loaded: any LoadedModel, instanceCount: Int,
    loopCount: Int, surroundings: Surroundings
  ) {
    self.name = specification.name
    self.version = specification.version
    self.loaded = loaded
    self.specification = specification
    self.instanceCount = instanceCount
    self.surroundings = surroundings
    let settings = surroundings.settings
    let limits = QueueLimits(
      waitingMax: specification.waitingRequestsMax ?? settings.waitingRequestsMax,
      runsMax: instanceCount, inlineNanosecondsMax: settings.inlineNanosecondsMax)
    let queue = BatchQueueState(
      limits: limits, isDeclaredCheap: loaded.capabilities.isDeclaredCheap)
    self.shelf = Guarded(Shelf(queue: queue))
    self.inlineInstances = (loaded as? any ComputingModel).map {
      InlineInstances(of: $0, loopCount: loopCount)
    }
  }

  /// Gives each instance its thread, or its place elsewhere.
  func start() throws(RuntimeFault) {
    var made: [any BatchRunner] = []
    if let waiting = loaded as? any WaitingModel {
      made = (0..<instanceCount).map { WaitingRunner(model: waiting, instance: $0, core: self) }
    } else if let computing = loaded as? any ComputingModel {
      for instance in 0..<instanceCount {
        made.append(try ModelThread(model: computing, instance: instance, core: self))
      }
    } else {
      throw RuntimeFault(code: .failed, message: "the model neither computes nor waits")
    }
    runners.withLock { $0 = made }
  }

  var queueDepth: Int { shelf.withLock { $0.queue.waitingCount } }

  // MARK: Events

  func submit(
    _ tensors: TensorRequest, context: RequestContext, sink: any ResponseSink, loopIndex: Int?
  ) -> RequestHandle {
    let now = MonotonicClock.now()
    let rowCount = rowCount(of: tensors)
    let byteCount = tensors.byteCount
    guard surroundings.waitingBytes.admits(byteCount) else {
      refuse(sink, .waitingBytes(surroundings.settings.waitingBytesMax), admitted: now)
      return .ended
    }
    var ticket = Ticket(number: 0)
    let mayRunInline = loopIndex.map { inlineInstances?.hasPlace(for: $0) ?? false } ?? false
    let actions = decide { shelf in
      ticket = shelf.makeTicket()
      let decision = shelf.queue.offer(
        QueuedRequest(
          ticket: ticket, caller: context.caller, deadline: context.deadline, rowCount: rowCount),
        mayRunInline: mayRunInline, now: now)
      if !decision.runsInline {
        shelf.keep(
          PendingRequest(
            ticket: ticket, tensors: tensors, deadline: context.deadline,
            arrival: context.arrival, admitted: now, rowCount: rowCount, byteCount: byteCount,
            sink: sink))
        surroundings.waitingBytes.add(byteCount)
      }
      return decision
    }
    if actions.runsInline, let loopIndex {
      runInline(tensors, rowCount: rowCount, sink: sink, loopIndex: loopIndex, admitted: now)
      return .ended
    }
    act(actions)
    return RequestHandle(core: self, ticket: ticket.number)
  }

  func cancel(_ ticket: UInt64) {
    act(decide { $0.queue.cancel(Ticket(number: ticket)) })
  }

  func timePassed() {
    act(
      decide { shelf in
        shelf.wakeAt = .distantFuture
        return shelf.queue.timePassed(now: MonotonicClock.now())
      })
  }

  /// An instance ended the run of `order`; answers the next order for the same instance.
  func runEnded(_ order: RunOrder, results: [RunResult]) -> RunOrder? {
    var wanted: [(PendingRequest, RunResult)] = []
    let actions = decide { shelf in
      for result in results {
        guard shelf.queue.isWanted(result.ticket, on: order.instance),
          let request = shelf.take(result.ticket)
        else { continue }
        wanted.append((request, result))
      }
      for result in results where result.fault == nil {
        shelf.queue.learn(nanoseconds: result.nanoseconds, rowCount: result.rowCount)
      }
      return shelf.queue.instanceBecameFree(order.instance, now: MonotonicClock.now())
    }
    for (request, result) in wanted {
      surroundings.waitingBytes.remove(request.byteCount)
      deliver(
        result.parts, fault: result.fault, to: request.sink, wanted: request.tensors.outputs,
        served: result.served(request, version: version))
    }
    var rest = actions
    rest.run = nil
    act(rest)
    return actions.run
  }

  /// A run would not stop: its requests and those that wait fail, and nothing more is taken. Whoever
  /// hears the event has the model loaded anew.
  func abandon(_ thread: ModelThread) {
    let lost = shelf.withLock { shelf in
      shelf.queue.abandon(thread.instance).compactMap { shelf.take($0) }
    }
    let fault = RuntimeFault(code: .stopped, message: "the run was over its bound and did not end")
    for request in lost {
      surroundings.waitingBytes.remove(request.byteCount)
      deliver([], fault: fault, to: request.sink, wanted: [], served: served(request))
    }
    giveUp(reason: "a run was over its bound and did not end; it is loaded again")
    // Nothing waits any more, so nothing starts: the run that was lost counts as ended.
    act(decide { $0.queue.instanceBecameFree(thread.instance, now: MonotonicClock.now()) })
    surroundings.observer.happened(.modelThreadAbandoned(name: name, version: version))
  }

  // MARK: End of life

  func beginDraining() { act(decide { $0.queue.beginDraining() }) }

  /// Takes nothing more, and fails what waits, with the reason; what runs ends as it does.
  func giveUp(reason: String) {
    refusal.withLock { $0 = .modelNotReady(name: name, state: .failed(reason: reason)) }
    beginDraining()
    act(decide { $0.queue.failWaiting() })
  }

  /// Blocks until everything was answered, or until `limit`; what still waits then fails.
  func drain(until limit: Instant) -> Bool {
    let isDone = drained.sleepUntilReady(before: limit.nanoseconds) { $0 ? true : nil } ?? false
    if !isDone { act(decide { $0.queue.failWaiting() }) }
    return isDone
  }

  /// Ends the threads. Call after draining; blocks until the runs in progress have stopped.
  func stop() {
    for runner in runners.withLock({ $0 }) { runner.stop() }
    runners.withLock { $0 = [] }
    inlineInstances?.clear()
  }

  /// Runs that have lasted longer than the bound; for the supervising clock.
  func supervise(now: Instant) {
    for runner in runners.withLock({ $0 }) {
      runner.supervise(now: now, surroundings: surroundings)
    }
  }

  // MARK: Deciding and acting

  private func decide(_ change: (inout Shelf) -> QueueDecision) -> ShelfActions {
    shelf.withLock { shelf in
      let decision = change(&shelf)
      var actions = ShelfActions()
      actions.runsInline = decision.runsInline
      actions.isDrained = decision.isDrained
      if decision.runsInline { return actions }
      for failure in decision.fail {
        if let request = shelf.take(failure.ticket) {
          actions.failed.append((request, failure.reason))
        }
      }
      actions.run = decision.run.map { batch in
        RunOrder(instance: batch.instance, requests: shelf.requests(of: batch))
      }
      actions.depth = shelf.queue.waitingCount
      if let next = shelf.queue.nextDeadline, next < shelf.wakeAt {
        shelf.wakeAt = next
        actions.wakeAt = next
      }
      return actions
    }
  }

  private func act(_ actions: ShelfActions) {
    if let order = actions.run {
      runners.withLock { $0[order.instance] }.take(order)
    }
    for (request, reason) in actions.failed {
      surroundings.waitingBytes.remove(request.byteCount)
      request.sink.finish(
        ResponseEnd(outcome: .failed(failure(for: reason, of: request)), served: served(request)))
    }
    if let wakeAt = actions.wakeAt { surroundings.clock.wake(self, at: wakeAt) }
    surroundings.observer.happened(
      .queueDepthChanged(name: name, version: version, depth: actions.depth))
    if actions.isDrained { drained.update { $0 = true } }
  }

  private func runInline(
    _ tensors: TensorRequest, rowCount: Int, sink: any ResponseSink, loopIndex: Int,
    admitted: Instant
  ) {
    var served = ServedPhases()
    served.version = version
    served.admitted = admitted
    served.started = admitted
    served.rowCount = rowCount
    served.batchRowCount = rowCount
    surroundings.observer.happened(.batchStarted(name: name, version: version, rows: rowCount))
    var parts: [RunPart] = []
    var fault: RuntimeFault?
    do throws(RuntimeFault) {
      let instance = try inlineInstances?.instance(for: loopIndex)
      try instance?.run(tensors.asBatch(rowCount: rowCount)) { parts.append($0) }
    } catch {
      fault = error
    }
    served.computed = MonotonicClock.now()
    let nanoseconds = served.computed.nanoseconds(since: admitted)
    let actions = decide { shelf in
      shelf.queue.inlineRunEnded(nanoseconds: nanoseconds, rowCount: rowCount)
    }
    deliver(parts, fault: fault, to: sink, wanted: tensors.outputs, served: served)
    if actions.isDrained { drained.update { $0 = true } }
  }

  // MARK: Answers

  private func deliver(
    _ parts: [RunPart], fault: RuntimeFault?, to sink: any ResponseSink, wanted: [Int],
    served: ServedPhases
  ) {
    var failure = fault.map { InferenceFailure.runtimeFailed($0) }
    var held = HeldParts()
    for part in parts where failure == nil {
      switch part {
      case .outputs(_, let outputs):
        let response = ResponsePart(outputs: named(outputs, wanted: wanted))
        if held.isOver(sink.receive(response), after: response) {
          failure = .clientTooSlow(bytesPerSecondMin: 0)
        }
      case .failed(_, let rowFault): failure = .runtimeFailed(rowFault)
      }
    }
    sink.finish(ResponseEnd(outcome: failure.map { .failed($0) } ?? .done, served: served))
  }

  private func named(_ outputs: [Tensor], wanted: [Int]) -> [NamedTensor] {
    let described = loaded.signature.outputs
    return outputs.indices.map { place in
      NamedTensor(
        name: described[wanted.isEmpty ? place : wanted[place]].name, tensor: outputs[place])
    }
  }

  private func refuse(_ sink: any ResponseSink, _ limit: OverloadLimit, admitted: Instant) {
    var served = ServedPhases()
    served.version = version
    served.admitted = admitted
    let failure = InferenceFailure.overloaded(limit: limit, retryAfter: retryAfter)
    sink.finish(ResponseEnd(outcome: .failed(failure), served: served))
  }

  private func served(_ request: PendingRequest) -> ServedPhases {
    var served = ServedPhases()
    served.version = version
    served.admitted = request.admitted
    served.rowCount = request.rowCount
    return served
  }

  private func failure(
    for reason: QueueFailure, of request: PendingRequest
  ) -> InferenceFailure {
    switch reason {
    case .full(let limit):
      .overloaded(limit: .waitingRequests(limit), retryAfter: retryAfter)
    case .deadlinePassed:
      .deadlineExceeded(
        .nanoseconds(Int64(request.deadline.nanoseconds(since: request.arrival))))
    case .cancelled: .cancelled
    case .draining: refusal.withLock { $0 }
    }
  }

  /// How long the queue needs, by what a row costs, to empty itself; a second at least.
  private var retryAfter: Duration {
    shelf.withLock { shelf in
      let rowNanoseconds = shelf.queue.cost.nanosecondsPerRow ?? 0
      let total = rowNanoseconds * Double(shelf.queue.waitingCount) / Double(instanceCount)
      return .seconds(min(60, max(1, Int(total / 1e9) + 1)))
    }
  }

  private func rowCount(of tensors: TensorRequest) -> Int {
    guard loaded.signature.hasRowAxis, let first = tensors.inputs.first, let first,
      first.shape.rank > 0
    else { return 1 }
    return first.shape[0]
  }
}

extension TensorRequest {
  /// This request alone, as a run.
  func asBatch(rowCount: Int) -> RunBatch {
    RunBatch(
      inputs: inputs, rowCount: rowCount, outputs: outputs,
      outputMemory: outputMemory ?? PooledMemory(), parameters: parameters)
  }
}
