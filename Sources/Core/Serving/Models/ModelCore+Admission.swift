import Batching
import Inference
import Synchronization

extension ModelCore {
  /// Gives a request its place in the queue, or runs it here.
  func admit(
    _ tensors: TensorRequest, context: RequestContext, sink: any ResponseSink, loopIndex: Int?
  ) -> RequestHandle {
    let now = MonotonicClock.now()
    if let problem = sequences?.problem(with: context.sequence, rowCount: rowCount(of: tensors)) {
      refuse(sink, .invalidInput(problem), admitted: now)
      return .ended
    }
    let method = methods[tensors.method]
    let tensors = method.spread(sequences?.placed(tensors) ?? tensors)
    let byteCount = tensors.byteCount
    guard surroundings.waitingBytes.admits(byteCount) else {
      let limit = OverloadLimit.waitingBytes(surroundings.settings.waitingBytesMax)
      refuse(sink, .overloaded(limit: limit, retryAfter: retryAfter), admitted: now)
      return .ended
    }
    let rowCount = rowCount(of: tensors)
    // Most rows of a run, where the operator says; 0 where there is no bound.
    let rowsMax = method.hasRowAxis ? specification.scheduling.batching.rowsMax : 0
    let deadline = deadline(of: context)
    let stream =
      isDecoupled
      ? PartStream(sink, served: begun(rowCount: rowCount, admitted: now)) : nil
    var admission = Admission.queued(Ticket(number: 0))
    let mayRunInline =
      turns == nil && !method.asksForCostly(tensors)
      && (loopIndex.map { inlineInstances?.hasPlace(for: $0) ?? false } ?? false)
    let actions = decide { shelf, _ in
      let key = rowsMax > 0 ? shelf.forms.key(of: tensors, rowCount: rowCount) : nil
      guard rowsMax == 0 || rowCount <= rowsMax || (key != nil && canSplit) else {
        admission = .tooManyRows
        return QueueDecision()
      }
      let ticket = shelf.makeTicket()
      admission = .queued(ticket)
      var queued = QueuedRequest(
        ticket: ticket, caller: context.caller, deadline: deadline, rowCount: rowCount)
      queued.priority = Int(context.priority)
      queued.timeoutNanoseconds = context.timeoutNanoseconds
      queued.key = key
      let decision = shelf.queue.offer(
        queued, sequence: context.sequence, mayRunInline: mayRunInline, now: now)
      if !decision.runsInline {
        var request = PendingRequest(
          ticket: ticket, tensors: tensors, deadline: deadline, arrival: context.arrival,
          admitted: now, rowCount: rowCount, byteCount: byteCount, sink: sink, stream: stream)
        if waits { request.context = context.understood(deadline: deadline) }
        shelf.keep(request)
        surroundings.waitingBytes.add(byteCount)
      }
      return decision
    }
    if actions.runsInline, let loopIndex {
      runInline(tensors, rowCount: rowCount, sink: sink, loopIndex: loopIndex, admitted: now)
      return .ended
    }
    guard case .queued(let ticket) = admission else {
      let problem = InputProblem.tooManyRows(model: name, limit: rowsMax, got: rowCount)
      refuse(sink, .invalidInput(problem), admitted: now)
      return .ended
    }
    act(actions)
    return RequestHandle(core: self, ticket: ticket.number, stream: stream)
  }

  private enum Admission {
    case queued(Ticket)
    case tooManyRows
  }

  /// Rows are independent, and each run answers once.
  private var canSplit: Bool {
    !loaded.capabilities.isStateful && !isDecoupled && specification.scheduling.sequences == nil
  }

  /// The request's own timeout is a deadline, unless its queue's policy lets it decide what happens.
  private func deadline(of context: RequestContext) -> Instant {
    guard context.timeoutNanoseconds > 0 else { return context.deadline }
    let policy = specification.scheduling.batching
    let level = policy.level(ofPriority: Int(context.priority))
    guard !policy.queue(ofLevel: level).allowsTimeoutOverride else { return context.deadline }
    return min(
      context.deadline, context.arrival.advanced(byNanoseconds: context.timeoutNanoseconds))
  }

  func rowCount(of tensors: TensorRequest) -> Int {
    guard methods[tensors.method].hasRowAxis,
      let first = tensors.inputs.first(where: { $0 != nil }),
      let first, first.shape.rank > 0
    else { return 1 }
    return first.shape[0]
  }

  /// What is known of a request at the door.
  private func begun(rowCount: Int, admitted: Instant) -> ServedPhases {
    var served = ServedPhases()
    served.version = version
    served.admitted = admitted
    served.rowCount = rowCount
    return served
  }

  private func refuse(
    _ sink: any ResponseSink, _ failure: InferenceFailure, admitted: Instant
  ) {
    let served = begun(rowCount: 0, admitted: admitted)
    sink.finish(ResponseEnd(outcome: .failed(failure), served: served))
  }

  /// Runs a cheap request on the calling event loop.
  private func runInline(
    _ tensors: TensorRequest, rowCount: Int, sink: any ResponseSink, loopIndex: Int,
    admitted: Instant
  ) {
    var served = begun(rowCount: rowCount, admitted: admitted)
    served.started = admitted
    served.batchRowCount = rowCount
    var parts: [RunPart] = []
    var fault: RuntimeFault?
    do throws(RuntimeFault) {
      let instance = try inlineInstances?.instance(for: loopIndex)
      try instance?.run(inlineBatch(tensors, rowCount: rowCount)) { parts.append($0) }
    } catch {
      fault = error
    }
    served.computed = MonotonicClock.now()
    let nanoseconds = served.computed.nanoseconds(since: admitted)
    batchRan(rowCount: rowCount, from: admitted, to: served.computed)
    let actions = decide { shelf, _ in
      shelf.queue.inlineRunEnded(nanoseconds: nanoseconds, rowCount: rowCount)
    }
    deliver(parts, fault: fault, to: sink, wanted: tensors.wanted, served: served)
    if actions.isDrained { noteDrained() }
  }

  /// A padded model needs its mask, whoever runs it.
  private func inlineBatch(_ tensors: TensorRequest, rowCount: Int) -> RunBatch {
    var batch = tensors.asBatch(rowCount: rowCount)
    if let padding { batch.inputs = padding.masked(tensors.inputs) }
    return batch
  }
}

extension RequestContext {
  /// The context as a queue understood it: one deadline, nothing left to decide.
  fileprivate func understood(deadline: Instant) -> RequestContext {
    var context = self
    context.deadline = deadline
    context.timeoutNanoseconds = 0
    return context
  }
}
