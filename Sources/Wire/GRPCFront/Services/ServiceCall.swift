import FrontSupport
import Inference
import Serving
import WireFormats

/// A call of another server's service with one request: one answer, or its parts as they come.
final class ServiceCall: GRPCCall, ServiceRunOwner {
  private let stream: GRPCStream
  private let reader: any ServiceReader
  let takesParts: Bool
  private var message: CallMessage?
  private var run: ServiceRun?

  /// - Parameter givesParts: a model that answers in parts has each of them sent.
  init(_ stream: GRPCStream, _ reader: any ServiceReader, givesParts: Bool = false) {
    self.stream = stream
    self.reader = reader
    takesParts = givesParts
    stream.record.isInference = true
  }

  func receive(_ message: CallMessage) {
    guard self.message == nil else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and a second one came")))
      return
    }
    self.message = message
  }

  func end() {
    guard let message else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and none came")))
      return
    }
    self.message = nil
    let run = ServiceRun(stream, record: stream.record, reader: reader, owner: self)
    self.run = run
    run.begin(message)
  }

  func run(_ run: ServiceRun, made answer: FramedAnswer) {
    InferAnswers.deliver(answer.parts, answer.byteCount, on: stream) { [takesParts] in
      if takesParts { run.partLeft() }
    }
  }

  func run(_ run: ServiceRun, ended failure: InferenceFailure?) {
    self.run = nil
    let byteCount = stream.record.responseByteCount
    stream.record = run.record
    stream.record.responseByteCount = byteCount
    if let failure { stream.refuse(failure) } else { stream.finish() }
  }

  func abandon() {
    message = nil
    run?.abandon()
    run = nil
  }
}

/// `StreamPredictions2`: many requests on one call, each of a sequence and answered in order; one that
/// fails is told so by a message of its own, and the call goes on.
final class ServiceStreamCall: GRPCCall, ServiceRunOwner {
  private let stream: GRPCStream
  private var runs: [ObjectIdentifier: ServiceRun] = [:]
  private var isClientDone = false
  let takesParts = true

  init(_ stream: GRPCStream) { self.stream = stream }

  func receive(_ message: CallMessage) {
    let run = ServiceRun(
      stream, record: stream.recordOfMessage(), reader: PredictionsMessage(isOfSequence: true),
      owner: self)
    runs[ObjectIdentifier(run)] = run
    run.begin(message)
  }

  func end() {
    isClientDone = true
    finishIfDone()
  }

  private func finishIfDone() {
    if isClientDone, runs.isEmpty { stream.finish() }
  }

  func run(_ run: ServiceRun, made answer: FramedAnswer) {
    run.record.responseByteCount += answer.byteCount
    InferAnswers.deliver(answer.parts, answer.byteCount, on: stream) { run.partLeft() }
  }

  func run(_ run: ServiceRun, ended failure: InferenceFailure?) {
    runs[ObjectIdentifier(run)] = nil
    if let failure {
      run.record.outcome = failure.outcome
      run.record.failure = failure
      run.record.statusCode = GRPCFailures.status(for: failure).rawValue
      stream.send([
        AnswerBytes.framed(
          PredictionsMessageFailure.message(failure, sequenceID: run.sequenceID))
      ])
    }
    report(run)
    finishIfDone()
  }

  private func report(_ run: ServiceRun) {
    run.record.written = MonotonicClock.now()
    stream.front.observer.finished(run.record)
  }

  func abandon() {
    let open = runs.values
    runs = [:]
    for run in open {
      run.abandon()
      run.record.outcome = .cancelled
      run.record.failure = .cancelled
      report(run)
    }
  }
}
