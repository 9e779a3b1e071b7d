import Inference
import WireFormats

private func described(_ name: String, _ datatype: Datatype, _ axes: [Dimension])
  -> TensorDescription
{ TensorDescription(name: name, datatype: datatype, dimensions: axes) }

/// One wide input, several by name, one of each datatype, and a photo's.
private let signatures: [ModelSignature] = [
  [described("x", .float32, [.any(name: nil), .any(name: nil)])],
  [
    described("a", .float32, [.any(name: nil), .fixed(2)]),
    described("b", .bytes, [.any(name: nil)]), described("c", .int64, [.any(name: nil)]),
  ],
  Datatype.allCases.map {
    TensorDescription(
      name: $0.name, datatype: $0, dimensions: [], isShapeless: true, isOptional: true)
  },
  [described("images", .float32, [.fixed(1), .fixed(3), .fixed(8), .fixed(8)])],
].map { ModelSignature(inputs: $0, outputs: $0, hasRowAxis: true) }

private let tensorBytesMax = 1 << 16

private let readers: [any ServiceReader] = [
  PredictMessage(tensorBytesMax: tensorBytesMax),
  ExampleMessage(.classify, tensorBytesMax: tensorBytesMax),
  ExampleMessage(.several, tensorBytesMax: tensorBytesMax), PredictionsMessage(),
  PredictionsMessage(isOfSequence: true),
]

/// A message of another server's service is a request or a sentence; its tensors are within the
/// limit and of shapes that the model admits, and echoed as outputs they make a message whose length
/// is the one it says.
func fuzzServices(_ bytes: UnsafeRawBufferPointer) {
  guard let (first, message) = choice(bytes) else { return }
  let reader = readers[Int(first & 15) % readers.count]
  let signature = signatures[Int(first >> 4) % signatures.count]
  do throws(InputProblem) {
    _ = try reader.head(message)
  } catch {
    requireSentence(error)
  }
  do throws(InferenceFailure) {
    let facts = BodyFacts(
      signature: signature, takesPhotos: signature.inputs[0].name == "images")
    let request = try reader.read(message, facts)
    guard case .tensors(let tensors) = request.content else { return }
    try echo(tensors, request.answer, signature)
  } catch {
    requireSentence(error)
  }
}

private func echo(
  _ tensors: TensorRequest, _ answer: any ServiceAnswer, _ signature: ModelSignature
) throws(InferenceFailure) {
  var outputs: [NamedTensor] = []
  for (input, tensor) in zip(signature.inputs, tensors.inputs) {
    guard let tensor else { continue }
    require(input.admits(tensor.shape), "\(tensor.shape) is admitted by \(input.name)")
    // A JSON body is bounded by its text, not by the limit.
    require(tensor.byteCount <= 16 * tensorBytesMax, "\(tensor.byteCount) bytes")
    outputs.append(NamedTensor(name: input.name, tensor: tensor))
  }
  let model = AnsweringModel(name: "m", version: 1, labels: ["cat"], requestID: "r")
  let written = try answer.message(for: outputs, of: model)
  let byteCount = written.pieces.reduce(0) { count, piece in
    switch piece {
    case .bytes(let bytes): count + bytes.count
    case .tensor(let tensor): count + tensor.byteCount
    }
  }
  require(byteCount == written.byteCount, "\(byteCount) bytes, and \(written.byteCount) said")
}
