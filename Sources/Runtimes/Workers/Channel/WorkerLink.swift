import CWorkers
import Glibc
import Inference
import Synchronization

/// Our end of the channel to one worker process: what it was asked, and in which memory.
///
/// Runs begin on any thread; messages are taken on the supervising thread. Completions are called outside
/// of the lock, once each.
final class WorkerLink: Sendable {
  /// What a message came to, for the supervisor.
  enum Outcome: Sendable {
    case ready(WorkerSignature)
    case unloadable(RuntimeFault)
    case ended(UInt64, WorkerRun, Result<[RunPart], RuntimeFault>)
    case metric(WorkerMetric)
    case call(WorkerCall)
  }

  /// A run asks another model.
  struct WorkerCall: Sendable {
    let request: UInt64
    let number: UInt32
    let model: String
    let inputs: [NamedTensor]
    let askedThrough: [String]
    let deadline: Instant
  }

  private struct State: Sendable {
    var writer = MessageWriter()
    var runs: [UInt64: OpenRun] = [:]
    var signature: ModelSignature?
    var regionCount: UInt32 = 0
    /// Bytes of the largest answer so far, which the next is expected to need.
    var answerBytes = 0
    /// A moving mean of how long an answer takes.
    var answerNanoseconds: UInt64 = 1_000_000
    var continued = ContinuedMessage()
    var isClosed = false
  }

  private let socket: Int32
  private let answerBytesMax: Int
  private let shelf = RegionShelf(keptBytesMax: 64 << 20)
  private let state = Guarded(State())

  init(socket: Int32, answerBytesMax: Int) {
    self.socket = socket
    self.answerBytesMax = answerBytesMax
  }

  var openRunCount: Int { state.withLock { $0.runs.count } }

  /// How long an answer takes lately, with the number of runs that it has.
  var pace: (runCount: Int, answerNanoseconds: UInt64) {
    state.withLock { ($0.runs.count, $0.answerNanoseconds) }
  }

  func greet(_ text: String) throws(RuntimeFault) {
    try state.withLock { (state) throws(RuntimeFault) in
      state.writer.begin(MessageKind.ToWorker.hello.rawValue)
      state.writer.number(MessageKind.version)
      state.writer.text(text)
      try send(state.writer.bytes)
    }
  }

  // MARK: Runs

  /// Writes the inputs where the worker sees them and tells it; false where it is no more, and throws
  /// where it cannot be told for another reason.
  func begin(_ run: WorkerRun, _ number: UInt64, now: Instant) throws(RuntimeFault) -> Bool {
    do throws(RuntimeFault) {
      try tell(run, number, now: now)
      return true
    } catch {
      if error == Self.gone { return false }
      throw error
    }
  }

  private func tell(_ run: WorkerRun, _ number: UInt64, now: Instant) throws(RuntimeFault) {
    let (answerBytes, isClosed) = state.withLock { ($0.answerBytes, $0.isClosed) }
    if isClosed { throw Self.gone }
    let inputBytes = run.batch.inputs.reduce(MessageKind.regionHeadBytes) {
      $0 + Self.aligned($1?.byteCount ?? 0)
    }
    let input = try lease(inputBytes)
    let output = try lease(answerBytes)
    input.region.base.initializeMemory(
      as: UInt8.self, repeating: 0, count: MessageKind.regionHeadBytes)
    let places = Self.copy(run.batch.inputs, into: input)
    let open = OpenRun(run, began: now, input: input, output: output)
    try state.withLock { (state) throws(RuntimeFault) in
      if state.isClosed { throw Self.gone }
      Self.write(open, number, places, now: now, to: &state.writer)
      guard state.writer.bytes.count <= MessageKind.messageBytesMax else {
        throw RuntimeFault(
          code: .invalidArgument,
          message:
            "the parameters of a request to a worker may have \(MessageKind.messageBytesMax) bytes")
      }
      try send(state.writer.bytes)
      state.runs[number] = open
    }
  }

  private static func copy(_ inputs: [Tensor?], into lease: RegionLease) -> [Int] {
    var offset = MessageKind.regionHeadBytes
    var places: [Int] = []
    places.reserveCapacity(inputs.count)
    for input in inputs {
      places.append(offset)
      guard let input, let bytes = input.hostBytes, bytes.count > 0,
        let source = bytes.baseAddress
      else { continue }
      memcpy(lease.region.base + offset, source, bytes.count)
      offset += aligned(bytes.count)
    }
    return places
  }

  private static func write(
    _ open: OpenRun, _ number: UInt64, _ places: [Int], now: Instant,
    to writer: inout MessageWriter
  ) {
    let batch = open.run.batch
    writer.begin(
      MessageKind.ToWorker.run.rawValue, part: UInt32(batch.method), request: number)
    writer.number(UInt32(batch.rowCount))
    let deadline = batch.context?.deadline ?? .distantFuture
    writer.number(
      deadline == .distantFuture ? Int64(-1) : Int64(clamping: deadline.nanoseconds(since: now)))
    writer.number(open.input.region.number)
    writer.number(open.output.region.number)
    writer.number(UInt16(batch.inputs.reduce(0) { $0 + ($1 == nil ? 0 : 1) }))
    writer.number(UInt16(batch.outputs.count))
    writer.number(UInt16(batch.parameters.count))
    for (place, input) in batch.inputs.enumerated() {
      guard let input else { continue }
      writer.tensor(
        place: place, input.datatype, input.shape, offset: places[place],
        byteCount: input.byteCount)
    }
    for output in batch.outputs { writer.number(UInt16(output)) }
    for parameter in batch.parameters { writer.parameter(parameter) }
    writer.text(batch.context?.id ?? "")
  }

  /// Nobody wants the answer any more; the worker is told and still gives one.
  func cancel(_ number: UInt64) {
    state.withLock { state in
      guard let open = state.runs[number] else { return }
      open.input.region.base.storeBytes(
        of: 1, toByteOffset: MessageKind.cancelledOffset, as: UInt32.self)
      state.writer.begin(MessageKind.ToWorker.cancel.rawValue, request: number)
      // A worker that does not even read is found out by the time that its run takes.
      _ = apus_send(socket, state.writer.bytes, state.writer.bytes.count, -1)
    }
  }

  /// The process is no more, and no run begins: those that it had, in the order in which they came.
  func close() -> (begun: [WorkerRun], untouched: [WorkerRun]) {
    let runs = state.withLock { state in
      state.isClosed = true
      defer { state.runs = [:] }
      return state.runs.sorted { $0.key < $1.key }.map(\.value)
    }
    shelf.close()
    return (
      runs.filter(\.hasBegun).map(\.run), runs.filter { !$0.hasBegun }.map(\.run)
    )
  }

  // MARK: Memory

  private func lease(_ byteCount: Int) throws(RuntimeFault) -> RegionLease {
    if let region = shelf.take(byteCount: byteCount) { return RegionLease(region, of: shelf) }
    let number = state.withLock { state in
      state.regionCount += 1
      return state.regionCount
    }
    let size = RegionShelf.size(for: byteCount)
    let forgotten = shelf.takeForgotten()
    let region = try Region(number: number, byteCount: size) { (file) throws(RuntimeFault) in
      try state.withLock { (state) throws(RuntimeFault) in
        for number in forgotten {
          state.writer.begin(MessageKind.ToWorker.forget.rawValue, part: number)
          try send(state.writer.bytes)
        }
        state.writer.begin(MessageKind.ToWorker.region.rawValue, part: number)
        state.writer.number(UInt64(size))
        try send(state.writer.bytes, with: file)
      }
    }
    return RegionLease(region, of: shelf)
  }

  private func send(_ bytes: [UInt8], with file: Int32 = -1) throws(RuntimeFault) {
    let reason = apus_send(socket, bytes, bytes.count, file)
    guard reason != 0 else { return }
    if reason == EAGAIN || reason == ENOBUFS {
      throw RuntimeFault(code: .failed, message: "the worker does not read what it is told")
    }
    throw Self.gone
  }

  private static func aligned(_ byteCount: Int) -> Int { (byteCount + 63) & ~63 }

  private static let gone = RuntimeFault(code: .failed, message: "the worker is gone")

  // MARK: What it says

  func take(_ bytes: UnsafeRawBufferPointer) throws(MalformedMessage) -> Outcome? {
    guard
      let whole = try state.withLock({ (state) throws(MalformedMessage) in
        try state.continued.take(bytes)
      })
    else { return nil }
    guard !whole.isEmpty else { return try takeWhole(bytes) }
    return try whole.withUnsafeBytes { bytes in
      Result { () throws(MalformedMessage) in try takeWhole(bytes) }
    }.get()
  }

  private func takeWhole(
    _ bytes: UnsafeRawBufferPointer
  ) throws(MalformedMessage) -> Outcome? {
    switch try WorkerMessage.read(bytes) {
    case .ready(let signature):
      state.withLock { $0.signature = signature.signature }
      return .ready(signature)
    case .unloadable(let fault): return .unloadable(fault)
    case .outputs(let request, let rows, let isLast, let spans):
      return try takeOutputs(request, rows, isLast, spans)
    case .rowFailed(let request, let row, let message):
      return try failRow(request, row, message)
    case .done(let request): return end(request, nil)
    case .failed(let request, let fault): return end(request, fault)
    case .grow(let request, let byteCount):
      try grow(request, byteCount)
      return nil
    case .metric(let metric): return .metric(metric)
    case .call(let request, let number, let model, let spans):
      return .call(try call(request, number, model, spans))
    }
  }

  private func takeOutputs(
    _ request: UInt64, _ rows: Range<Int>, _ isLast: Bool, _ spans: [TensorSpan]
  ) throws(MalformedMessage) -> Outcome? {
    guard
      let (signature, found) = state.withLock({ state in
        state.signature.flatMap { signature in state.runs[request].map { (signature, $0) } }
      })
    else { throw MalformedMessage("it answers a run that it was not given") }
    let part = try found.part(spans, rows: rows, of: signature)
    if found.run.emit != nil { state.withLock { $0.runs[request]?.hasAnswered = true } }
    let used = spans.lazy.filter { !$0.isInput }.map { $0.offset + $0.byteCount }.max() ?? 0
    if let emit = found.run.emit {
      emit(part)
    } else {
      try keep(part, of: request, used)
    }
    if isLast { return end(request, nil) }
    try goOn(request, used)
    return nil
  }

  /// Parts of a run whose caller takes them all at the end are bounded together.
  private func keep(
    _ part: RunPart, of request: UInt64, _ used: Int
  ) throws(MalformedMessage) {
    let isMore = state.withLock { state in
      state.answerBytes = max(state.answerBytes, used)
      state.runs[request]?.parts.append(part)
      state.runs[request]?.keptBytes += used
      return state.runs[request].map { $0.keptBytes > answerBytesMax } ?? false
    }
    if isMore { throw MalformedMessage("its parts are more than \(answerBytesMax) bytes together") }
  }

  /// The worker may write its next part, in memory that nothing refers to.
  private func goOn(
    _ request: UInt64, _ used: Int
  ) throws(MalformedMessage) {
    do throws(RuntimeFault) {
      let next = try lease(used)
      state.withLock { state in
        state.runs[request]?.output = next
        state.writer.begin(
          MessageKind.ToWorker.taken.rawValue, part: next.region.number, request: request)
        _ = apus_send(socket, state.writer.bytes, state.writer.bytes.count, -1)
      }
    } catch {
      throw MalformedMessage(error.message)
    }
  }

  private func failRow(
    _ request: UInt64, _ row: Int, _ message: String
  ) throws(MalformedMessage) -> Outcome? {
    let isKnown = state.withLock { state in
      guard let open = state.runs[request], row < open.run.batch.rowCount else { return false }
      let fault = RuntimeFault(code: .failed, message: message)
      state.runs[request]?.parts.append(.failed(row: row, fault))
      return true
    }
    if !isKnown { throw MalformedMessage("it fails a row that it was not given") }
    return nil
  }

  private func end(_ request: UInt64, _ fault: RuntimeFault?) -> Outcome? {
    let now = Clock.now()
    return state.withLock { state in
      guard let open = state.runs.removeValue(forKey: request) else { return nil }
      let taken = now.nanoseconds(since: open.began)
      state.answerNanoseconds = (state.answerNanoseconds * 7 + taken) / 8
      return .ended(request, open.run, fault.map { .failure($0) } ?? .success(open.parts))
    }
  }

  /// A larger region in place of the run's, or a word that there is none.
  private func grow(_ request: UInt64, _ byteCount: Int) throws(MalformedMessage) {
    guard state.withLock({ $0.runs[request] != nil }) else {
      throw MalformedMessage("it wants memory for a run that it was not given")
    }
    var larger: RegionLease?
    if byteCount <= answerBytesMax {
      do throws(RuntimeFault) {
        larger = try lease(byteCount)
      } catch {
        larger = nil
      }
    }
    state.withLock { state in
      let kind: MessageKind.ToWorker = larger == nil ? .noRoom : .room
      state.writer.begin(kind.rawValue, part: larger?.region.number ?? 0, request: request)
      if let larger {
        state.runs[request]?.output = larger
      } else {
        state.writer.text(
          "an answer of \(byteCount) bytes is more than the \(answerBytesMax) that may be had")
      }
      _ = apus_send(socket, state.writer.bytes, state.writer.bytes.count, -1)
    }
  }

  // MARK: Asking other models

  private func call(
    _ request: UInt64, _ number: UInt32, _ model: String, _ spans: [WorkerMessage.NamedSpan]
  ) throws(MalformedMessage) -> WorkerCall {
    guard let open = state.withLock({ $0.runs[request] }) else {
      throw MalformedMessage("it asks for a run that it was not given")
    }
    var inputs: [NamedTensor] = []
    for span in spans {
      inputs.append(
        NamedTensor(
          name: span.name,
          tensor: try (span.span.isInput ? open.input : open.output).tensor(span.span)))
    }
    return WorkerCall(
      request: request, number: number, model: model, inputs: inputs,
      askedThrough: open.run.batch.askedThrough,
      deadline: open.run.batch.context?.deadline ?? .distantFuture)
  }

  /// Hands on what came of a call, as long as its run waits for it.
  func answer(_ call: WorkerCall, _ result: Result<[NamedTensor], RuntimeFault>) {
    do throws(RuntimeFault) {
      try give(try result.get(), to: call)
    } catch {
      state.withLock { state in
        state.writer.begin(
          MessageKind.ToWorker.callRefused.rawValue, part: call.number, request: call.request)
        state.writer.text(error.message)
        _ = apus_send(socket, state.writer.bytes, state.writer.bytes.count, -1)
      }
    }
  }

  private func give(_ outputs: [NamedTensor], to call: WorkerCall) throws(RuntimeFault) {
    let byteCount = outputs.reduce(MessageKind.regionHeadBytes) {
      $0 + Self.aligned($1.tensor.byteCount)
    }
    let lease = try lease(byteCount)
    let places = Self.copy(outputs.map(\.tensor), into: lease)
    state.withLock { state in
      // It keeps the region until the run ends.
      state.runs[call.request]?.heard.append(lease)
      state.writer.begin(
        MessageKind.ToWorker.callAnswered.rawValue, part: call.number, request: call.request)
      state.writer.number(lease.region.number)
      state.writer.number(UInt16(outputs.count))
      for (place, output) in outputs.enumerated() {
        state.writer.text(output.name)
        state.writer.tensor(
          place: place, output.tensor.datatype, output.tensor.shape, offset: places[place],
          byteCount: output.tensor.byteCount)
      }
      _ = apus_send(socket, state.writer.bytes, state.writer.bytes.count, -1)
    }
  }
}
