import Inference
import Synchronization

/// One ask of a run: submits it through the door, or has a built-in step done, and brings back what
/// came of it, once.
final class GraphAsk: ResponseSink {
  private let run: GraphRun
  private let ask: GraphRunState.Ask
  private let id: UInt64
  private let work: GraphStepWork
  private let deadline: Instant
  private let heard = Guarded(Heard())

  private struct Heard {
    var outputs: [Tensor] = []
    var partCount = 0
  }

  init(_ run: GraphRun, _ ask: GraphRunState.Ask, _ id: UInt64, _ work: GraphStepWork) {
    self.run = run
    self.ask = ask
    self.id = id
    self.work = work
    let timeout = work.step.timeoutNanoseconds
    deadline =
      timeout == 0
      ? run.context.deadline
      : min(run.context.deadline, MonotonicClock.now().advanced(byNanoseconds: timeout))
  }

  /// Starts; what comes of it goes to the run, possibly before this returns. `nil` where there is
  /// nothing to cancel.
  func submit() -> RequestHandle? {
    do throws(InferenceFailure) {
      if work.isBuiltIn(ask) {
        try submitBuiltIn()
        return nil
      }
      return try submitToModel()
    } catch {
      end(error)
      return nil
    }
  }

  private func submitToModel() throws(InferenceFailure) -> RequestHandle? {
    guard let target = work.target(of: ask) else { return nil }
    let entrance = run.workshop.entrance
    let lease = try entrance.lease(target.address)
    let places: GraphTarget.Places
    do throws(GraphProblem) {
      places = try target.places(in: lease)
    } catch {
      throw .modelNotReady(name: target.address.name, state: .failed(reason: error.sentence))
    }
    var inputs = [Tensor?](repeating: nil, count: places.inputCount)
    let keepsAxis = work.keepsAxis(places.inputDescriptions)
    for (place, description) in places.inputDescriptions.enumerated() {
      let tensor = try work.tensor(
        place, element: ask.element, rank: keepsAxis ? work.tensors[place]?.shape.rank : nil)
      if let tensor { try check(tensor, description, target) }
      inputs[places.inputs[place]] = tensor
    }
    var context = run.context
    context.deadline = deadline
    let request = InferenceRequest(
      context: context,
      body: .tensors(
        TensorRequest(inputs: inputs, outputs: places.outputs, parameters: run.parameters)))
    return entrance.submit(request, to: lease, sink: self)
  }

  /// What the types could not promise is looked at here: open lengths, and replaced versions.
  private func check(
    _ tensor: Tensor, _ description: TensorDescription, _ target: GraphTarget
  ) throws(InferenceFailure) {
    guard tensor.datatype == description.datatype, description.admits(tensor.shape) else {
      throw work.step.failure(
        "the input \(description.name) of \(target.address) takes \(description.typeText), and is "
          + "given \(tensor.datatype.name) \(tensor.shape)")
    }
  }

  private func submitBuiltIn() throws(InferenceFailure) {
    guard case .builtIn(let builtIn, let bindings) = work.step.work else { return }
    var inputs = [Tensor?](repeating: nil, count: bindings.inputCount)
    for (place, input) in bindings.inputs.enumerated() {
      inputs[input] = try work.tensor(place, element: ask.element, rank: nil)
    }
    let given = inputs
    let compute: @Sendable () -> Void = { [self] in
      do throws(InferenceFailure) {
        if MonotonicClock.now() >= deadline { throw Self.late(since: run.context) }
        let outputs = try builtIn.run(given)
        run.askEnded(id, ask, .made(bindings.outputs.map { outputs[$0] }))
      } catch {
        end(error)
      }
    }
    let byteCount = given.reduce(0) { $0 + ($1?.byteCount ?? 0) }
    // A first step is asked on the submitter's thread, which may be an event loop.
    let isFirst = work.step.deciding.needs.isEmpty
    if builtIn.isBrief, !isFirst, byteCount <= run.workshop.limits.briefBytesMax {
      compute()
    } else if !run.workshop.workers.give(compute) {
      throw run.workshop.isFull
    }
  }

  private static func late(since context: RequestContext) -> InferenceFailure {
    .deadlineExceeded(
      .nanoseconds(Int64(clamping: context.deadline.nanoseconds(since: context.arrival))))
  }

  // MARK: The answer

  func receive(_ part: ResponsePart) -> Demand {
    heard.withLock { heard in
      heard.partCount += 1
      if heard.partCount == 1 { heard.outputs = part.outputs.map(\.tensor) }
    }
    return .more
  }

  func finish(_ end: ResponseEnd) {
    if case .failed(let failure) = end.outcome { return self.end(failure) }
    let (outputs, count) = heard.withLock { ($0.outputs, $0.partCount) }
    guard count == 1 else {
      // A tensor of a graph has one value, on which later steps begin once.
      return self.end(
        work.step.failure(
          "its model gave \(count) answers, and a step of a graph takes exactly one"))
    }
    run.askEnded(id, ask, .made(outputs))
  }

  private func end(_ failure: InferenceFailure) {
    let isOver = MonotonicClock.now() >= run.context.deadline
    run.askEnded(
      id, ask, .failed(told(failure, isOver: isOver), mayRetry: !isOver && failure.mayPass))
  }

  /// The failure as the graph's caller hears it: it knows the graph and its steps.
  private func told(_ failure: InferenceFailure, isOver: Bool) -> InferenceFailure {
    let step = "step \(work.step.name)"
    switch failure {
    case .runtimeFailed(let fault) where !fault.message.hasPrefix("step "):
      let fault = RuntimeFault(code: fault.code, message: "\(step): \(fault.message)")
      return .runtimeFailed(fault)
    case .deadlineExceeded where !isOver && work.step.timeoutNanoseconds > 0:
      let milliseconds = work.step.timeoutNanoseconds / 1_000_000
      return work.step.failure("no answer within its timeout of \(milliseconds) ms")
    case .modelNotFound, .modelNotReady:
      let reason = "\(step): \(FailureMessage.text(for: failure))"
      return .modelNotReady(name: run.plan.name, state: .failed(reason: reason))
    default: return failure
    }
  }
}

extension InferenceFailure {
  /// Another try may end otherwise.
  fileprivate var mayPass: Bool {
    switch self {
    case .overloaded, .modelNotReady, .upstreamFailed, .internalFault, .deadlineExceeded: true
    case .runtimeFailed(let fault): fault.code != .invalidArgument
    case .modelNotFound, .modelRefused, .invalidInput, .tooLarge, .unauthenticated, .forbidden,
      .quotaExceeded,
      .clientTooSlow, .unsupported, .alreadyExists, .cancelled, .draining:
      false
    }
  }
}
