import Inference
import WireFormats

private func described(_ name: String, _ datatype: Datatype, _ axes: [Dimension])
  -> TensorDescription
{ TensorDescription(name: name, datatype: datatype, dimensions: axes) }

/// One wide input, several by name, one of bytes, one of any shape, and a photo's.
private let signatures: [ModelSignature] = [
  [described("x", .float32, [.any(name: nil), .any(name: nil)])],
  [
    described("a", .float32, [.any(name: nil), .fixed(1)]),
    described("b", .bytes, [.any(name: nil)]), described("c", .int64, [.any(name: nil)]),
    described("d", .bool, [.any(name: nil), .any(name: nil)]),
  ],
  [described("words_bytes", .bytes, [.any(name: nil)])],
  [
    TensorDescription(name: "any", datatype: .float64, dimensions: [], isShapeless: true)
  ],
  [described("images", .float32, [.fixed(1), .fixed(3), .fixed(8), .fixed(8)])],
].map { ModelSignature(inputs: $0, outputs: $0, hasRowAxis: true) }

private let readers: [any DialectReader] = [
  PredictReader(.kserve), PredictReader(.tensorFlow),
  CloudEventReader(PredictReader(.kserve), attributes: nil), ExampleReader(.classify),
  ExampleReader(.regress), InvocationsReader(spoken: nil), InvocationsReader(spoken: .mlflow),
  PlainPredictReader(.torchServe), PlainPredictReader(.predict),
  PhotoTensorReader(jsonByteCount: nil), PhotoTensorReader(jsonByteCount: 60),
]

private let contentTypes = [
  "application/json", "text/csv", "application/x-npy", "", "image/jpeg",
  "multipart/form-data; boundary=x",
  "application/vnd.sagemaker-triton.binary+json;json-header-size=60", "text/plain",
]

/// A body of any dialect is a request or a sentence; its tensors take memory within a bound of its
/// text, and echoed as outputs they can be written as that dialect's answer.
func fuzzDialects(_ bytes: UnsafeRawBufferPointer) {
  guard let (first, afterFirst) = choice(bytes), let (second, body) = choice(afterFirst) else {
    return
  }
  let signature = signatures[Int(second >> 4) % signatures.count]
  read(body, readers[Int(first) % readers.count], contentTypes[Int(second) % 8], signature)
}

/// Comma-separated values, with whatever model.
func fuzzCSV(_ bytes: UnsafeRawBufferPointer) {
  guard let (first, body) = choice(bytes) else { return }
  read(
    body, InvocationsReader(spoken: first & 8 == 8 ? .sageMaker : nil), "text/csv",
    signatures[Int(first & 3)])
}

private func read(
  _ body: UnsafeRawBufferPointer, _ reader: any DialectReader, _ contentType: String,
  _ signature: ModelSignature
) {
  let takesPhotos = signature.inputs[0].name == "images"
  do throws(InferenceFailure) {
    let request = try reader.read(
      body,
      BodyFacts(signature: signature, takesPhotos: takesPhotos, contentType: contentType))
    switch request.content {
    case .photos(let photos, _): require(!photos.isEmpty, "a request for photos has one")
    case .tensors(let tensors):
      // A context is repeated for each example.
      let factor = reader is ExampleReader ? max(64, body.count) : 64
      require(
        tensors.byteCount <= factor * body.count + 64, "\(tensors.byteCount) of \(body.count)")
      try echo(tensors, signature, request.answer)
    }
  } catch {
    requireSentence(error)
    for dialect in Dialect.allCases {
      let status = DialectFailures.statusCode(for: error, in: dialect)
      require(400...599 ~= status, "\(status) is a failure's status")
    }
  }
}

private func echo(
  _ tensors: TensorRequest, _ signature: ModelSignature, _ answer: any DialectAnswer
) throws(InferenceFailure) {
  var outputs: [NamedTensor] = []
  for (input, tensor) in zip(signature.inputs, tensors.inputs) {
    guard let tensor else { continue }
    require(input.admits(tensor.shape), "\(tensor.shape) is a shape of \(input.name)")
    outputs.append(NamedTensor(name: input.name, tensor: tensor))
  }
  let model = AnsweringModel(name: "m", version: 1, labels: [], requestID: "r")
  let text = try answer.text(for: outputs, of: model)
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.byteCountMax, alignment: 1)
  defer { memory.deallocate() }
  let byteCount = text.write(into: memory)
  require(byteCount <= text.byteCountMax, "\(byteCount) within \(text.byteCountMax)")
}
