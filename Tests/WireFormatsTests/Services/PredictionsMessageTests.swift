import Inference
import Testing

@testable import WireFormats

/// TorchServe's messages, whose entries are what its addresses take as bodies.
@Suite struct PredictionsMessageTests {
  private typealias Fixture = ServiceFixture

  private let signature: ModelSignature = {
    let inputs = ["a", "b"].map {
      TensorDescription(name: $0, datatype: .float32, dimensions: [.any(name: nil)])
    }
    return ModelSignature(inputs: inputs, outputs: inputs, hasRowAxis: true)
  }()

  private func entry(_ name: String, _ value: String) -> [UInt8] {
    Fixture.field(3, Fixture.text(1, name) + Fixture.text(2, value))
  }

  private func read(
    _ message: [UInt8], _ reader: PredictionsMessage = PredictionsMessage(),
    takesPhotos: Bool = false
  ) -> Result<ServiceRequest, InferenceFailure> {
    Fixture.read(message, reader, signature, takesPhotos: takesPhotos)
  }

  @Test func `one entry is a body, several are the inputs of their names`() throws {
    let body = Fixture.text(1, "m") + entry("data", #"{"a":[1,2],"b":[3,4]}"#)
    let named = Fixture.text(1, "m") + entry("a", "[1,2]") + entry("b", "[3,4]")
    for message in [body, named] {
      let tensors = Fixture.tensors(try read(message).get())
      #expect(tensors[0]?.elements(as: Float.self) == [1, 2])
      #expect(tensors[1]?.elements(as: Float.self) == [3, 4])
    }
  }

  @Test func `a photo is found in the message that carries it`() throws {
    let message = Fixture.text(1, "m") + Fixture.text(2, "4") + entry("data", "\u{1}JPEG")
    let request = try read(message, takesPhotos: true).get()
    guard case .photos(let photos, _) = request.content, case .inBody(let range) = photos[0] else {
      Issue.record("no photo")
      return
    }
    #expect(Array(message[range]) == Array("\u{1}JPEG".utf8))
    let head = try Fixture.head(message, PredictionsMessage()).get()
    #expect(head.address == ModelAddress(name: "m", version: .number(4)))
  }

  @Test func `the answer is the body that the address answers, under the sequence's name`() throws {
    let message =
      Fixture.text(1, "m") + entry("a", "[1]") + entry("b", "[2]") + Fixture.text(4, "s")
    let answer = try read(message).get().answer
    let tensor = Tensor([1.5] as [Float], datatype: .float32, shape: [1])
    let document = try answer.message(
      for: [NamedTensor(name: "a", tensor: tensor)], of: Fixture.model
    ).document(as: "org.pytorch.serve.grpc.inference.PredictionResponse")
    let text = Array("[1.5]".utf8).withUnsafeBytes { Base64.encode($0) }
    #expect(document["prediction"] == .string(text))
    #expect(document["sequence_id"] == .string("s"))
  }

  @Test func `a sequence begins and ends where its entries say so`() throws {
    let message =
      Fixture.text(1, "m") + entry("a", "[1]") + entry("b", "[2]") + Fixture.text(4, "s")
      + entry("ts_request_sequence_start", "true") + entry("ts_request_sequence_end", "false")
    let request = try read(message, PredictionsMessage(isOfSequence: true)).get()
    #expect(request.sequence == SequenceMark(id: .text("s"), isStart: true, isEnd: false))
    #expect(throws: InferenceFailure.invalidInput(.missingField("sequence_id"))) {
      try read(
        Fixture.text(1, "m") + entry("a", "[1]"), PredictionsMessage(isOfSequence: true)
      ).get()
    }
  }

  @Test(arguments: [
    ServiceFixture.text(1, "m"),
    ServiceFixture.text(1, "m") + ServiceFixture.field(3, ServiceFixture.text(1, "a")),
    ServiceFixture.text(1, "m") + ServiceFixture.field(3, [0x12, 9, 1]),
    ServiceFixture.text(1, "m")
      + ServiceFixture.field(3, ServiceFixture.text(1, "q") + ServiceFixture.text(2, "[1")),
  ])
  func `refuses what is no request`(message: [UInt8]) {
    #expect(throws: InferenceFailure.self) { try read(message).get() }
  }

  @Test func `a failure on a stream has its status and its sequence`() throws {
    let failure = InferenceFailure.invalidInput(.missingField("model_name"))
    let bytes = PredictionsMessageFailure.message(failure, sequenceID: "s")
    let document = try bytes.withUnsafeBytes {
      try GRPCSchemas.documents.decode(
        $0, as: "org.pytorch.serve.grpc.inference.PredictionResponse")
    }
    #expect(document["status"]?["code"] == .integer(3))
    #expect(document["sequence_id"] == .string("s"))
  }
}
