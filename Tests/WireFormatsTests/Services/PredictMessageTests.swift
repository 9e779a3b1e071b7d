import Inference
import Testing

@testable import WireFormats

/// TensorFlow's tensors, in both forms, both ways.
@Suite struct PredictMessageTests {
  private typealias Fixture = ServiceFixture

  private static let tensorBytesMax = 1 << 20

  private func signature(_ datatype: Datatype) -> ModelSignature {
    let tensor = TensorDescription(
      name: "x", datatype: datatype, dimensions: [.any(name: nil), .fixed(2)])
    return ModelSignature(inputs: [tensor], outputs: [tensor], hasRowAxis: true)
  }

  private func read(
    _ tensor: [UInt8], _ datatype: Datatype, photos: Bool = false
  ) -> Result<ServiceRequest, InferenceFailure> {
    Fixture.read(
      Fixture.spec() + Fixture.input("x", tensor),
      PredictMessage(tensorBytesMax: Self.tensorBytesMax), signature(datatype),
      takesPhotos: photos)
  }

  private func elements<Element: BitwiseCopyable>(
    _ tensor: [UInt8], _ datatype: Datatype, as type: Element.Type
  ) throws -> [Element] {
    let request = try read(tensor, datatype).get()
    return try #require(Fixture.tensors(request)[0]).elements(as: type)
  }

  // MARK: Lists

  /// TensorFlow's number of each datatype, its list, values, and the bytes that they are.
  private static let lists: [(Datatype, type: Int64, list: Int, values: [Int64], bytes: [UInt8])] =
    [
      (.int32, 3, 7, [-1, 5], [255, 255, 255, 255, 5, 0, 0, 0]),
      (.uint8, 4, 7, [0, 255], [0, 255]),
      (.int16, 5, 7, [-2, 300], [254, 255, 44, 1]),
      (.int8, 6, 7, [-128, 127], [128, 127]),
      (.int64, 9, 10, [-1, 2], [255, 255, 255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 0, 0, 0]),
      (.bool, 10, 11, [1, 0], [1, 0]),
      (.bfloat16, 14, 13, [0x3F80, 0xC000], [0x80, 0x3F, 0x00, 0xC0]),
      (.uint16, 17, 7, [65_535, 1], [255, 255, 1, 0]),
      (.float16, 19, 13, [0x3C00, 0xC000], [0x00, 0x3C, 0x00, 0xC0]),
      (.uint32, 22, 16, [4_294_967_295, 1], [255, 255, 255, 255, 1, 0, 0, 0]),
      (
        .uint64, 23, 17, [-1, 1], [255, 255, 255, 255, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0]
      ),
    ]

  @Test(arguments: lists.indices)
  func `reads the list of each datatype, packed or not, and what it lies like in memory`(
    index: Int
  ) throws {
    let (datatype, type, list, values, bytes) = Self.lists[index]
    let forms = [
      Fixture.packed(list, values), values.flatMap { Fixture.number(list, $0) },
      Fixture.field(4, bytes),
    ]
    for form in forms {
      let tensor = Fixture.tensor(type, [1, 2], form)
      #expect(try elements(tensor, datatype, as: UInt8.self) == bytes)
    }
  }

  @Test(arguments: lists.indices)
  func `writes each datatype into its list`(index: Int) throws {
    let (datatype, type, list, values, bytes) = Self.lists[index]
    let request = try read(
      Fixture.tensor(type, [1, 2], Fixture.field(4, bytes)), datatype
    ).get()
    let outputs = [NamedTensor(name: "y", tensor: try #require(Fixture.tensors(request)[0]))]
    let message = try request.answer.message(for: outputs, of: Fixture.model)
    #expect(message.byteCount == message.joined.count)
    let document = try message.document(as: "tensorflow.serving.PredictResponse")
    let answer = try #require(document["outputs"]?["y"])
    let expected = Fixture.tensor(type, [1, 2], Fixture.packed(list, values))
    let read = try expected.withUnsafeBytes {
      try GRPCSchemas.documents.decode($0, as: "tensorflow.TensorProto")
    }
    #expect(answer == read)
  }

  @Test func `reads floats as they lie in the message`() throws {
    let values: [Float] = [1.5, -0.0, .infinity, .leastNonzeroMagnitude]
    let tensor = Fixture.tensor(1, [2, 2], Fixture.packed(5, floats: values))
    let found = try elements(tensor, .float32, as: UInt32.self)
    #expect(found == values.map(\.bitPattern))
  }

  @Test(arguments: [0, 1, 3])
  func `the last value stands for those that follow, and zero for none`(count: Int) throws {
    let given = (0..<count).map { Float($0 + 1) }
    let tensor = Fixture.tensor(1, [4, 2], Fixture.packed(5, floats: given))
    let found = try elements(tensor, .float32, as: Float.self)
    let last = given.last ?? 0
    #expect(found == given + [Float](repeating: last, count: 8 - count))
  }

  @Test func `repeats strings, too`() throws {
    let tensor = Fixture.tensor(7, [2, 2], Fixture.text(8, "a") + Fixture.text(8, "bc"))
    let request = try read(tensor, .bytes).get()
    #expect(Fixture.tensors(request)[0]?.strings == ["a", "bc", "bc", "bc"])
    let none = try read(Fixture.tensor(7, [1, 2], []), .bytes).get()
    #expect(Fixture.tensors(none)[0]?.strings == ["", ""])
  }

  // MARK: Bounds

  @Test(arguments: [[1 << 40, 2], [Int64.max, 2], [1 << 20, 2]])
  func `a few bytes that stand for more than the limit are refused`(shape: [Int64]) throws {
    let tensor = Fixture.tensor(1, shape, Fixture.packed(5, floats: [1]))
    #expect(throws: InferenceFailure.tooLarge(.body(bytesMax: Self.tensorBytesMax))) {
      try read(tensor, .float32).get()
    }
    let message = Fixture.spec() + Fixture.input("x", tensor)
    let head = try Fixture.head(message, PredictMessage(tensorBytesMax: 1)).get()
    #expect(head.tensorByteCount > Self.tensorBytesMax)
  }

  @Test func `a long string that stands for many is refused`() {
    let long = Fixture.field(8, [UInt8](repeating: 65, count: 1_000))
    let tensor = Fixture.tensor(7, [4_000, 2], long)
    #expect(throws: InferenceFailure.tooLarge(.body(bytesMax: Self.tensorBytesMax))) {
      try read(tensor, .bytes).get()
    }
  }

  @Test(arguments: [
    // No datatype, one that nobody has here, another one than the model's.
    ServiceFixture.tensor(0, [1, 2], []), ServiceFixture.tensor(8, [1, 2], []),
    ServiceFixture.tensor(2, [1, 2], []),
    // Lengths below zero, an unknown rank, too many axes, another shape.
    ServiceFixture.tensor(1, [-1, 2], []),
    ServiceFixture.number(1, 1) + ServiceFixture.field(2, ServiceFixture.number(3, 1)),
    ServiceFixture.tensor(1, [1, 1, 1, 1, 1, 1, 1, 1, 2], []),
    ServiceFixture.tensor(1, [2, 3], []),
    // Too many values, too few and too many bytes, values in another list, both forms.
    ServiceFixture.tensor(1, [1, 2], ServiceFixture.packed(5, floats: [1, 2, 3])),
    ServiceFixture.tensor(1, [1, 2], ServiceFixture.field(4, [0, 0, 0, 0])),
    ServiceFixture.tensor(1, [1, 2], ServiceFixture.field(4, [UInt8](repeating: 0, count: 12))),
    ServiceFixture.tensor(1, [1, 2], ServiceFixture.packed(7, [1, 2])),
    ServiceFixture.tensor(
      1, [1, 2], ServiceFixture.packed(5, floats: [1]) + ServiceFixture.field(4, [0])),
    // Floats that are cut off, a length beyond the end.
    ServiceFixture.tensor(1, [1, 2], ServiceFixture.field(5, [0, 0, 0])),
    ServiceFixture.tensor(1, [1, 2], [0x2A, 100]),
  ])
  func `refuses what is no tensor for the input`(tensor: [UInt8]) {
    #expect(throws: InferenceFailure.self) { try read(tensor, .float32).get() }
  }

  @Test(arguments: [
    ServiceFixture.tensor(4, [1, 2], ServiceFixture.packed(7, [256, 0])),
    ServiceFixture.tensor(4, [1, 2], ServiceFixture.packed(7, [-1, 0])),
  ])
  func `refuses numbers that the datatype does not hold`(tensor: [UInt8]) {
    let expected = InputProblem.elementOutOfRange(input: "x", datatype: .uint8, index: 0)
    #expect(throws: InferenceFailure.invalidInput(expected)) { try read(tensor, .uint8).get() }
  }

  // MARK: The request around it

  @Test func `names a version by its number, by its label, or not at all`() throws {
    let reader = PredictMessage(tensorBytesMax: 1)
    let number = Fixture.spec("m", Fixture.field(2, Fixture.number(1, 7)))
    let label = Fixture.spec("m", Fixture.text(4, "stable"))
    let both = Fixture.spec("m", Fixture.text(4, "stable") + Fixture.field(2, Fixture.number(1, 7)))
    #expect(try Fixture.head(number, reader).get().address.version == .number(7))
    #expect(try Fixture.head(label, reader).get().address.version == .alias("stable"))
    #expect(try Fixture.head(both, reader).get().address.version == .number(7))
    #expect(try Fixture.head(Fixture.spec(), reader).get().address.version == .any)
    #expect(throws: InputProblem.missingField("model_spec")) {
      try Fixture.head([], reader).get()
    }
    #expect(throws: InputProblem.missingField("model_spec.name")) {
      try Fixture.head(Fixture.spec(""), reader).get()
    }
  }

  @Test func `refuses another signature, an input twice, none, and unknown names`() {
    let reader = PredictMessage(tensorBytesMax: 1 << 10)
    let tensor = Fixture.tensor(1, [1, 2], [])
    let good = Fixture.spec() + Fixture.input("x", tensor)
    let messages = [
      Fixture.spec("m", Fixture.text(3, "other")) + Fixture.input("x", tensor),
      good + Fixture.input("x", tensor), Fixture.spec(), good + Fixture.input("z", tensor),
      good + Fixture.text(3, "z"), good + Fixture.text(3, "x") + Fixture.text(3, "x"),
    ]
    for message in messages {
      #expect(throws: InferenceFailure.self) {
        try Fixture.read(message, reader, signature(.float32)).get()
      }
    }
  }

  @Test func `output_filter chooses outputs`() throws {
    let tensor = Fixture.tensor(1, [1, 2], [])
    let request = try Fixture.read(
      Fixture.spec() + Fixture.input("x", tensor) + Fixture.text(3, "x"),
      PredictMessage(tensorBytesMax: 1 << 10), signature(.float32)
    ).get()
    guard case .tensors(let tensors) = request.content else { return }
    #expect(tensors.outputs == [0])
  }

  @Test func `strings for a vision model's numbers are photos`() throws {
    let tensor = Fixture.tensor(7, [2], Fixture.text(8, "one") + Fixture.text(8, "two"))
    let request = try read(tensor, .float32, photos: true).get()
    guard case .photos(let photos, _) = request.content else {
      Issue.record("no photos")
      return
    }
    #expect(photos == [.decoded(Array("one".utf8)), .decoded(Array("two".utf8))])
    #expect(throws: InferenceFailure.self) { try read(tensor, .float32).get() }
  }

  @Test func `large floats are sent as they lie in memory`() throws {
    let values = [Float](repeating: 1.25, count: 4_096)
    let answer = try read(Fixture.tensor(1, [1, 2], []), .float32).get().answer
    let tensor = Tensor(values, datatype: .float32, shape: [4_096])
    let message = try answer.message(
      for: [NamedTensor(name: "y", tensor: tensor)], of: Fixture.model)
    let adopted = message.pieces.contains { if case .tensor = $0 { true } else { false } }
    #expect(adopted && message.byteCount == message.joined.count)
    let document = try message.document(as: "tensorflow.serving.PredictResponse")
    #expect(document["outputs"]?["y"]?["float_val"] == .array(values.map { .number(Double($0)) }))
    #expect(document["model_spec"]?["version"] == .object([.init("value", .integer(3))]))
    #expect(document["model_spec"]?["signature_name"] == .string("serving_default"))
  }
}
