import Inference
import WireFormats

/// The same rows there and back in every dialect: a small request of 24 numbers, and an image of
/// 1x3x640x640.
func measureDialects() {
  let small = ModelSignature(
    inputs: [described([.any(name: nil), .fixed(24)])],
    outputs: [described([.any(name: nil), .fixed(24)])], hasRowAxis: true)
  let row = (1...24).map { "\(Float($0) / 10)" }.joined(separator: ",")
  let names = (1...24).map { "\"c\($0)\"" }.joined(separator: ",")
  let record = (1...24).map { "\"c\($0)\":\(Float($0) / 10)" }.joined(separator: ",")
  let json = "application/json"
  measure("kserve instances", #"{"instances":[[\#(row)]]}"#, PredictReader(.kserve), json, small)
  measure(
    "kserve named instances", #"{"instances":[{"x":[\#(row)]}]}"#, PredictReader(.kserve), json,
    small)
  measure(
    "tensorflow inputs", #"{"inputs":{"x":[[\#(row)]]}}"#, PredictReader(.tensorFlow), json, small)
  let invocations = InvocationsReader(spoken: nil)
  measure(
    "mlflow split", #"{"dataframe_split":{"columns":[\#(names)],"data":[[\#(row)]]}}"#,
    invocations, json, small)
  measure("mlflow records", #"{"dataframe_records":[{\#(record)}]}"#, invocations, json, small)
  measure("sagemaker csv", row + "\n", invocations, "text/csv", small)
  measure("torchserve array", "[[\(row)]]", PlainPredictReader(.torchServe), json, small)
  let image = ModelSignature(
    inputs: [described([.fixed(1), .fixed(3), .fixed(640), .fixed(640)])],
    outputs: [described([.fixed(1), .fixed(3), .fixed(640), .fixed(640)])], hasRowAxis: true)
  let line = "[" + (0..<640).map { "\(Float($0) / 640)" }.joined(separator: ",") + "]"
  let plane = "[" + [String](repeating: line, count: 640).joined(separator: ",") + "]"
  measure(
    "kserve image", #"{"instances":[[\#(plane),\#(plane),\#(plane)]]}"#, PredictReader(.kserve),
    json, image, roundCount: 1)
}

private func described(_ axes: [Dimension]) -> TensorDescription {
  TensorDescription(name: "x", datatype: .float32, dimensions: axes)
}

private func measure(
  _ what: String, _ text: String, _ reader: any DialectReader, _ contentType: String,
  _ signature: ModelSignature, roundCount: Int = 20_000
) {
  let body = Array(text.utf8)
  let facts = BodyFacts(signature: signature, contentType: contentType)
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 64)
  defer { memory.deallocate() }
  let nanoseconds = leastNanoseconds {
    for _ in 0..<roundCount { thereAndBack(body, reader, facts, memory) }
  }
  let each = nanoseconds / Double(roundCount)
  print(
    "apus", what, "\(body.count) bytes", "\(Int(each)) ns",
    "\(Int(Double(body.count) * 1_000 / each)) MB/s", separator: "\t")
}

private func thereAndBack(
  _ body: [UInt8], _ reader: any DialectReader, _ facts: BodyFacts,
  _ memory: UnsafeMutableRawBufferPointer
) {
  do {
    let request = try body.withUnsafeBytes { bytes in try reader.read(bytes, facts) }
    guard case .tensors(let tensors) = request.content, let tensor = tensors.inputs[0] else {
      fatalError("the benchmark's own request has no tensor")
    }
    let model = AnsweringModel(name: "identity", version: 1, labels: [], requestID: "r")
    _ = try request.answer.text(for: [NamedTensor(name: "x", tensor: tensor)], of: model)
      .write(into: memory)
  } catch {
    fatalError("the benchmark's own request was refused: \(error)")
  }
}
