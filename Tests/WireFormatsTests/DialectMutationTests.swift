import Inference
import Testing

@testable import WireFormats

/// Bodies of the dialects with bytes changed, cut and doubled: each is a request or a refusal, and
/// what is a request can be answered within the room that was asked for.
@Suite struct DialectMutationTests {
  private static let bodies: [(reader: any DialectReader, contentType: String, text: String)] = [
    (
      PredictReader(.kserve), "application/json",
      #"{"instances":[{"a":1,"b":"x"},{"b":"y","a":2}]}"#
    ),
    (PredictReader(.tensorFlow), "", #"{"inputs":{"a":[[1],[2.5]],"b":[["x"],[{"b64":"eA=="}]]}}"#),
    (ExampleReader(.regress), "", #"{"context":{"b":"x"},"examples":[{"a":1},{"a":-2e3}]}"#),
    (
      InvocationsReader(spoken: nil), "application/json",
      #"{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"],[null,"y"]]}}"#
    ),
    (InvocationsReader(spoken: nil), "text/csv", "a,b\n1,\"x,\"\"\"\n2.5,y\n"),
    (PlainPredictReader(.predict), "application/json", #"{"a":[[1],[2]],"b":[["x"],["y"]]}"#),
  ]

  @Test(arguments: bodies.indices)
  func `mutated bodies are requests or refusals`(index: Int) {
    let (reader, contentType, text) = Self.bodies[index]
    let signature = signature([tensor("a", .float32, [nil, 1]), tensor("b", .bytes, [nil, 1])])
    let facts = BodyFacts(signature: signature, contentType: contentType)
    var random = Seeded(UInt64(index))
    for _ in 0..<3_000 {
      var bytes = Array(text.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: bytes.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
        default: bytes.removeSubrange(place...)
        }
      }
      check(bytes, reader, facts)
    }
  }

  private func check(_ bytes: [UInt8], _ reader: any DialectReader, _ facts: BodyFacts) {
    let outcome = bytes.withUnsafeBytes { body in
      Result { () throws(InferenceFailure) in try reader.read(body, facts) }
    }
    guard case .success(let request) = outcome, case .tensors(let tensors) = request.content
    else { return }
    #expect(tensors.byteCount <= 64 * bytes.count + 64)
    var outputs: [NamedTensor] = []
    for (input, tensor) in zip(facts.signature.inputs, tensors.inputs) {
      guard let tensor else { continue }
      #expect(input.admits(tensor.shape))
      outputs.append(NamedTensor(name: input.name, tensor: tensor))
    }
    let model = AnsweringModel(name: "m", version: 1, labels: [], requestID: "r")
    // Outputs that do not fit the form of the answer are a refusal, too.
    guard let text = try? request.answer.text(for: outputs, of: model) else { return }
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: text.byteCountMax, alignment: 1)
    defer { memory.deallocate() }
    #expect(text.write(into: memory) <= text.byteCountMax)
  }
}
