import Inference
import WireFormats

/// An input of every datatype, all of any length: a request may give any of them.
private let signature: ModelSignature = {
  let datatypes: [Datatype] = [
    .bool, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64, .float16, .bfloat16,
    .float32, .float64, .bytes,
  ]
  let tensors = datatypes.map {
    TensorDescription(
      name: $0.name, datatype: $0, dimensions: [], isShapeless: true, isOptional: true)
  }
  return ModelSignature(inputs: tensors, outputs: tensors, hasRowAxis: false)
}()

/// A document that is read is written and read again: nothing changes.
func fuzzJSON(_ bytes: UnsafeRawBufferPointer) {
  do throws(InputProblem) {
    let value = try JSONValue(parsing: bytes)
    let text = value.bytes
    let again = try text.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try JSONValue(parsing: bytes) }
    }.get()
    require(again == value, "what was written reads as what was read")
    require(again.bytes == text, "what was written is written alike again")
  } catch {
    requireSentence(error)
  }
}

/// A request's tensors, sent back as JSON and read again, are the same bits.
func fuzzInferJSON(_ bytes: UnsafeRawBufferPointer) {
  do throws(InputProblem) {
    let request = try OpenInferenceRequest.decode(json: bytes, signature: signature)
    requireSmall(request, textByteCount: bytes.count)
    let text = echo(of: request)
    let again = try text.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: signature)
      }
    }.get()
    requireSame(request, again)
  } catch {
    requireSentence(error)
  }
}

/// A body in pieces of any size is the same request, or the same refusal, as in one piece.
func fuzzInferBinary(_ bytes: UnsafeRawBufferPointer) {
  guard let (options, rest) = choice(bytes), let (jsonByteCount, body) = choice(rest) else {
    return
  }
  let isDeclared = options & 1 == 1
  let jsonBytes = Int(jsonByteCount) * (options & 2 == 2 ? 4 : 1)
  let whole = binaryRequest(body, jsonBytes, isDeclared, piece: max(1, body.count))
  let pieces = binaryRequest(body, jsonBytes, isDeclared, piece: 1 + Int(options >> 2))
  switch (whole, pieces) {
  case (.success(let one), .success(let other)): requireSame(one, other)
  case (.failure(let one), .failure(let other)):
    requireSentence(one)
    require(one == other, "refused alike in one piece and in several: \(one), \(other)")
  default: require(false, "one outcome in one piece and in several: \(whole), \(pieces)")
  }
}

private func binaryRequest(
  _ body: UnsafeRawBufferPointer, _ jsonByteCount: Int, _ isDeclared: Bool, piece: Int
) -> Result<OpenInferenceRequest, InputProblem> {
  Result { () throws(InputProblem) in
    var receiver = try OpenInferenceBinaryBody(
      signature: signature, jsonByteCount: jsonByteCount,
      bodyByteCount: isDeclared ? body.count : nil, bodyBytesMax: 1 << 20)
    try inPieces(body, of: piece) { (part) throws(InputProblem) in try receiver.receive(part) }
    return try receiver.finish()
  }
}

/// Elements take no more memory than the decoder promises for that much text: 4 times its bytes.
private func requireSmall(_ request: OpenInferenceRequest, textByteCount: Int) {
  let byteCount = request.body.inputs.reduce(0) { $0 + ($1?.byteCount ?? 0) }
  require(byteCount <= 4 * textByteCount, "\(byteCount) bytes out of \(textByteCount) of text")
}

/// The request's inputs as an answer would write them, with `inputs` for `outputs`.
private func echo(of request: OpenInferenceRequest) -> [UInt8] {
  let tensors = zip(signature.inputs, request.body.inputs).compactMap { input, tensor in
    tensor.map { NamedTensor(name: input.name, tensor: $0) }
  }
  let plan = OpenInferenceResponsePlan()
  let text: [UInt8]
  do throws(InferenceFailure) {
    let answer = try OpenInferenceResponse(
      model: "m", version: 1, id: nil, outputs: tensors, plan: plan)
    text = [UInt8](unsafeUninitializedCapacity: answer.jsonByteCountMax) { memory, count in
      count = answer.encodeJSON(into: UnsafeMutableRawBufferPointer(memory))
    }
  } catch {
    fatalError("what was read cannot be written: \(error)")
  }
  let head = #"{"model_name":"m","model_version":"1","#
  let wanted = head + #""outputs":"#
  require(text.starts(with: wanted.utf8), "an answer begins with its model")
  return Array((head + #""inputs":"#).utf8) + text.dropFirst(wanted.utf8.count)
}

private func requireSame(_ one: OpenInferenceRequest, _ other: OpenInferenceRequest) {
  for (left, right) in zip(one.body.inputs, other.body.inputs) {
    require((left == nil) == (right == nil), "the same inputs are given")
    guard let left, let right else { continue }
    require(left.datatype == right.datatype && left.shape == right.shape, "the same shapes")
    require(
      left.elements(as: UInt8.self) == right.elements(as: UInt8.self),
      "the same bits of \(left.datatype) \(left.shape)")
  }
}
