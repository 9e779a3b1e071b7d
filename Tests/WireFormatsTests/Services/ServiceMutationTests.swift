import Inference
import Testing

@testable import WireFormats

/// Messages of other servers' services with bytes changed, cut and doubled: each is a request or a
/// refusal, whose tensors are within the limit and can be written as an answer.
@Suite struct ServiceMutationTests {
  private static let limit = 1 << 16

  private static let messages: [(reader: any ServiceReader, bytes: [UInt8])] = [
    (
      PredictMessage(tensorBytesMax: limit),
      ServiceFixture.spec("m", ServiceFixture.field(2, ServiceFixture.number(1, 3)))
        + ServiceFixture.input(
          "a", ServiceFixture.tensor(1, [2, 2], ServiceFixture.packed(5, floats: [1, 2])))
        + ServiceFixture.input(
          "b", ServiceFixture.tensor(7, [2], ServiceFixture.text(8, "word")))
        + ServiceFixture.text(3, "a")
    ),
    (
      ExampleMessage(.classify, tensorBytesMax: limit),
      ServiceFixture.spec()
        + ServiceFixture.field(
          2,
          ServiceFixture.field(
            2,
            ServiceFixture.field(
              1,
              ServiceFixture.example(
                ServiceFixture.feature("a", 2, ServiceFixture.packed(1, floats: [1, 2]))))
              + ServiceFixture.field(
                2,
                ServiceFixture.example(
                  ServiceFixture.feature("b", 1, ServiceFixture.text(1, "x"))))))
    ),
    (
      PredictionsMessage(),
      ServiceFixture.text(1, "m")
        + ServiceFixture.field(
          3, ServiceFixture.text(1, "a") + ServiceFixture.text(2, "[[1,2]]"))
        + ServiceFixture.field(
          3, ServiceFixture.text(1, "b") + ServiceFixture.text(2, #"["x"]"#))
    ),
  ]

  @Test(arguments: messages.indices)
  func `mutated messages are requests or refusals`(index: Int) {
    let (reader, message) = Self.messages[index]
    let signature = ModelSignature(
      inputs: [
        .init(name: "a", datatype: .float32, dimensions: [.any(name: nil), .fixed(2)]),
        .init(name: "b", datatype: .bytes, dimensions: [], isShapeless: true),
      ], outputs: [.init(name: "a", datatype: .float32, dimensions: [.any(name: nil)])],
      hasRowAxis: true)
    var random = Seeded(UInt64(index))
    var readCount = 0
    for _ in 0..<5_000 {
      let bytes = Self.mutated(message, &random)
      _ = ServiceFixture.head(bytes, reader)
      let outcome = ServiceFixture.read(bytes, reader, signature)
      guard case .success(let request) = outcome else { continue }
      readCount += 1
      var outputs: [NamedTensor] = []
      for (input, tensor) in zip(signature.inputs, ServiceFixture.tensors(request)) {
        guard let tensor else { continue }
        #expect(input.admits(tensor.shape) && tensor.byteCount <= Self.limit)
        outputs.append(NamedTensor(name: input.name, tensor: tensor))
      }
      // Outputs that do not fit the form of the answer are a refusal, too.
      let answer = try? request.answer.message(for: outputs, of: ServiceFixture.model)
      #expect(answer.map { $0.byteCount == $0.joined.count } ?? true)
    }
    #expect(readCount > 20)
  }

  private static func mutated(_ message: [UInt8], _ random: inout Seeded) -> [UInt8] {
    var bytes = message
    for _ in 0..<Int.random(in: 1...2, using: &random) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
      default: bytes.removeSubrange(place...)
      }
    }
    return bytes
  }
}
