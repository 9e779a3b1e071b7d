import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

extension GRPCStream {
  /// The record of a request that is one of many on a call.
  func recordOfMessage() -> RequestRecord {
    var record = record
    // A client's own limit is of the whole call, the operator's of each request in it.
    let isOperators = record.context.deadline == front.deadline(from: record.context.arrival)
    record.context.arrival = MonotonicClock.now()
    if isOperators { record.context.deadline = front.deadline(from: record.context.arrival) }
    record.bodyRead = record.context.arrival
    record.responseByteCount = 0
    return record
  }
}

/// `ModelStreamInfer`: many requests on one call, each answered with any number of messages, in the
/// order in which they come from the models.
///
/// A request that fails is told so by a message of its own, and the call goes on; unless the client
/// asked for real statuses, then the first failure ends it.
final class StreamInferCall: GRPCCall, InferRunOwner {
  private let stream: GRPCStream
  private var runs: [ObjectIdentifier: InferRun] = [:]
  /// The one answer of a request whose model gives one, kept until its end says that it was the last.
  private var kept: [ObjectIdentifier: [NamedTensor]] = [:]
  private var isClientDone = false
  let takesParts = true

  init(_ stream: GRPCStream) { self.stream = stream }

  func receive(_ message: CallMessage) {
    let run = InferRun(stream, record: stream.recordOfMessage(), owner: self)
    runs[ObjectIdentifier(run)] = run
    run.begin(message)
  }

  func end() {
    isClientDone = true
    finishIfDone()
  }

  private func finishIfDone() {
    if isClientDone, runs.isEmpty { stream.inOrder { [stream] in stream.finish() } }
  }

  // MARK: Answers

  func run(_ run: InferRun, gave outputs: [NamedTensor]) {
    guard let lease = run.lease else { return }
    if lease.isDecoupled {
      send(outputs, isFinal: false, of: run, lease)
    } else {
      kept[ObjectIdentifier(run)] = outputs
    }
  }

  func run(_ run: InferRun, ended outcome: ResponseEnd.Outcome) {
    runs[ObjectIdentifier(run)] = nil
    let last = kept.removeValue(forKey: ObjectIdentifier(run))
    switch (outcome, run.lease) {
    case (.failed(let failure), _): fail(run, failure)
    case (.done, let lease?):
      if let last {
        send(last, isFinal: true, of: run, lease)
      } else if run.wantsEmptyFinal {
        send([], isFinal: true, of: run, lease)
      }
    case (.done, nil): break
    }
    report(run)
    finishIfDone()
  }

  private func send(
    _ outputs: [NamedTensor], isFinal: Bool, of run: InferRun, _ lease: ModelLease
  ) {
    do throws(InferenceFailure) {
      let message = try InferAnswerMessage(
        model: lease.name, version: lease.version, id: run.clientID, outputs: outputs,
        labels: run.labels, plan: run.plan, isFinal: isFinal, isStreamed: true)
      run.record.responseByteCount += message.byteCount
      run.record.encoded = MonotonicClock.now()
      InferAnswers.send(message, run.regions, on: stream, onSent: { run.partLeft() }) { _ in }
    } catch {
      run.partLeft()
      fail(run, error)
    }
  }

  private func fail(_ run: InferRun, _ failure: InferenceFailure) {
    run.record.outcome = failure.outcome
    run.record.failure = failure
    run.record.statusCode = GRPCFailures.status(for: failure).rawValue
    stream.inOrder { [stream, id = run.clientID] in
      guard !stream.endsStreamOnFailure else { return stream.refuse(failure) }
      stream.send([
        AnswerBytes.framed(
          InferAnswerMessage.streamedError(FailureMessage.text(for: failure), id: id))
      ])
    }
  }

  private func report(_ run: InferRun) {
    run.record.written = MonotonicClock.now()
    stream.front.observer.finished(run.record)
  }

  func abandon() {
    let open = runs.values
    runs = [:]
    kept = [:]
    for run in open {
      run.abandon()
      run.record.outcome = .cancelled
      run.record.failure = .cancelled
      report(run)
    }
  }
}
