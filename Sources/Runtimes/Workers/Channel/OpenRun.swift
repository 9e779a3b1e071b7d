import Inference

/// A run on its way to a worker, or waiting for one.
struct WorkerRun: Sendable {
  typealias Completion = @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  let batch: RunBatch
  let stop: StopFlag
  /// Takes outputs as they come; `nil` keeps them for the end.
  var emit: (@Sendable (RunPart) -> Void)?
  let completion: Completion
  /// Workers that ended before they had begun it.
  var lostCount = 0
  /// A request whose worker ends whenever it comes is not tried for ever.
  static let lostCountMax = 3

  /// Nobody wants its answer any more.
  func endAsStopped() {
    end(.failure(RuntimeFault(code: .stopped, message: "the run was stopped")))
  }

  func end(_ result: Result<[RunPart], RuntimeFault>) {
    stop.stopObserving()
    completion(result)
  }
}

/// A run that a worker has: its memory, and what came of it so far.
struct OpenRun: Sendable {
  let run: WorkerRun
  let began: Instant
  let input: RegionLease
  var output: RegionLease
  var parts: [RunPart] = []
  /// Something of it has gone out.
  var hasAnswered = false
  /// Bytes of those parts, with what lies between.
  var keptBytes = 0
  /// Answers of other models that it asked.
  var heard: [RegionLease] = []

  init(_ run: WorkerRun, began: Instant, input: RegionLease, output: RegionLease) {
    self.run = run
    self.began = began
    self.input = input
    self.output = output
  }

  /// Whether the worker said that it has begun; what it gave counts as such.
  var hasBegun: Bool {
    let said = input.region.base.load(fromByteOffset: MessageKind.begunOffset, as: UInt32.self)
    return said != 0 || hasAnswered
  }

  /// The outputs that were asked for, in their order; where none was, all but those on request.
  func wanted(of signature: ModelSignature) -> [Int] {
    guard run.batch.outputs.isEmpty else { return run.batch.outputs }
    return signature.outputs.indices.filter { !signature.outputs[$0].isOnRequest }
  }

  /// Takes outputs as its worker gave them, every word of it doubted.
  func part(
    _ spans: [TensorSpan], rows: Range<Int>, of signature: ModelSignature
  ) throws(MalformedMessage) -> RunPart {
    guard rows.upperBound <= run.batch.rowCount else {
      throw MalformedMessage("it answers row \(rows.upperBound - 1) of \(run.batch.rowCount)")
    }
    let signature = signature.ofMethod(run.batch.method)
    let wanted = wanted(of: signature)
    guard spans.map(\.place) == wanted else {
      throw MalformedMessage("it gives outputs that were not asked for, or leaves some out")
    }
    var tensors: [Tensor] = []
    tensors.reserveCapacity(spans.count)
    for span in spans {
      let description = signature.outputs[span.place]
      guard span.datatype == description.datatype, description.admits(span.shape) else {
        throw MalformedMessage(
          "output \(PublicText.quoted(description.name)) is \(span.datatype.name) \(span.shape), and "
            + "\(description.datatype.name) \(description.metadataShape) is declared")
      }
      if signature.hasRowAxis, span.shape.rank == 0 || span.shape[0] != rows.count {
        throw MalformedMessage(
          "output \(PublicText.quoted(description.name)) has the shape \(span.shape) for \(rows.count) rows"
        )
      }
      tensors.append(try (span.isInput ? input : output).tensor(span))
    }
    return .outputs(rows: rows, tensors)
  }
}

extension RegionLease {
  /// Tensors of numbers from this size on stay where the worker wrote them, and keep the region.
  static let heldBytesMin = 64 << 10

  /// The tensor that lies there.
  ///
  /// Numbers stay where they are when there are many: their worker could change them later, which spoils
  /// an answer of its own model and nothing else. Strings are copied before they are looked at, as their
  /// lengths are relied on.
  func tensor(_ span: TensorSpan) throws(MalformedMessage) -> Tensor {
    guard span.offset >= MessageKind.regionHeadBytes, span.offset <= byteCount,
      span.byteCount <= byteCount - span.offset
    else { throw MalformedMessage("a tensor lies outside of its memory") }
    let bytes = UnsafeMutableRawBufferPointer(
      start: region.base + span.offset, count: span.byteCount)
    if span.datatype != .bytes, span.byteCount >= Self.heldBytesMin {
      return Tensor(
        datatype: span.datatype, shape: span.shape,
        storage: TensorStorage(bytes: bytes, keptBy: self))
    }
    let storage = TensorStorage(byteCount: span.byteCount)
    if span.byteCount > 0 { storage.hostBytesForFilling?.copyMemory(from: .init(bytes)) }
    let tensor = Tensor(datatype: span.datatype, shape: span.shape, storage: storage)
    if span.datatype == .bytes, tensor.forEachByteString({ _ in }) != span.shape.elementCount {
      throw MalformedMessage("the strings of a tensor are not as many as its shape says")
    }
    return tensor
  }
}
