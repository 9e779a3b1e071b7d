import Inference
import WireFormats

/// One input of each kind of contents, all of any shape.
private let signature: ModelSignature = {
  let datatypes: [Datatype] = [
    .bool, .int8, .int32, .int64, .uint16, .uint64, .float32, .float64, .float16, .bytes,
  ]
  let tensors = datatypes.map {
    TensorDescription(
      name: $0.name, datatype: $0, dimensions: [], isShapeless: true, isOptional: true)
  }
  return ModelSignature(inputs: tensors, outputs: tensors, hasRowAxis: false)
}()

private let names = GRPCSchemas.files.flatMap { $0.messages.keys }.sorted()

/// A message that is read is written and read again: nothing changes.
func fuzzProtobuf(_ bytes: UnsafeRawBufferPointer) {
  guard let (chosen, message) = choice(bytes) else { return }
  let name = names[Int(chosen) % names.count]
  do throws(InputProblem) {
    let document = try GRPCSchemas.documents.decode(message, as: name)
    let written = try GRPCSchemas.documents.encode(document, as: name)
    let again = try written.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        let document = try GRPCSchemas.documents.decode(bytes, as: name)
        return try GRPCSchemas.documents.encode(document, as: name)
      }
    }.get()
    require(again == written, "what was written is written alike again")
  } catch {
    requireSentence(error)
  }
}

/// A request in pieces of any size is the same request, or a refusal, as in one piece.
func fuzzInferMessage(_ bytes: UnsafeRawBufferPointer) {
  guard let (size, message) = choice(bytes) else { return }
  let whole = request(of: message, rawInputs: [])
  var inOne = InferMessageBody(byteCount: message.count)
  do throws(InputProblem) {
    try inPieces(message, of: 1 + Int(size)) { (piece) throws(InputProblem) in
      try inOne.receive(piece)
    }
    let parts = try inOne.finish()
    let joined = parts.head.withUnsafeBytes { request(of: $0, rawInputs: parts.rawInputs) }
    guard case .success(let one) = whole, case .success(let other) = joined else {
      if case .success = whole { require(false, "pieces are refused, the whole is not") }
      return
    }
    require(one.id == other.id, "the same id")
    for (left, right) in zip(one.body.inputs, other.body.inputs) {
      let same = left?.elements(as: UInt8.self) == right?.elements(as: UInt8.self)
      require(same && left?.shape == right?.shape, "the same tensors")
    }
  } catch {
    requireSentence(error)
    if case .success = whole { require(false, "pieces are refused, the whole is not") }
  }
}

private func request(
  of bytes: UnsafeRawBufferPointer, rawInputs: [TensorStorage]
) -> Result<OpenInferenceRequest, InputProblem> {
  do throws(InputProblem) {
    var layout = InferMessageLayout()
    try layout.read(bytes)
    _ = try? layout.address(in: bytes)
    return .success(
      try InferMessage.decode(bytes, layout, rawInputs: rawInputs, signature: signature))
  } catch {
    requireSentence(error)
    return .failure(error)
  }
}
