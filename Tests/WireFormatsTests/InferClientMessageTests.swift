import Inference
import Testing

@testable import WireFormats

/// The messages of an inference as a client writes and reads them.
@Suite struct InferClientMessageTests {
  private let inputs = [
    NamedTensor(name: "a", tensor: Tensor([Float(1), 2], datatype: .float32, shape: [1, 2])),
    NamedTensor(name: "s", tensor: Tensor([Int8(-3)], datatype: .int8, shape: TensorShape())),
    NamedTensor(name: "t", tensor: Tensor(strings: ["ab", ""], shape: [2])),
  ]

  @Test func `a server reads what a client writes`() throws {
    let signature = ModelSignature(
      inputs: [
        .init(name: "a", datatype: .float32, dimensions: [.any(name: nil), .fixed(2)]),
        .init(name: "s", datatype: .int8, dimensions: []),
        .init(name: "t", datatype: .bytes, dimensions: [.fixed(2)]),
      ], outputs: [], hasRowAxis: false)
    for version in ["", "7"] {
      let bytes = InferRequestMessage.encode(model: "m", version: version, inputs: inputs)
      try bytes.withUnsafeBytes { bytes in
        var layout = InferMessageLayout()
        try layout.read(bytes)
        let address = try layout.address(in: bytes)
        #expect(address == ModelAddress(name: "m", version: version[...]))
        let request = try InferMessage.decode(bytes, layout, signature: signature)
        #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2])
        #expect(request.body.inputs[1]?.elements(as: Int8.self) == [-3])
        #expect(request.body.inputs[2]?.strings == ["ab", ""])
      }
    }
  }

  private func read(_ bytes: [UInt8]) throws -> InferResponseMessage {
    try bytes.withUnsafeBytes { try InferResponseMessage($0) }
  }

  @Test func `a client reads what a server writes`() throws {
    let answer = try InferAnswerMessage(
      model: "m", version: 300, id: "id", outputs: inputs,
      plan: OpenInferenceResponsePlan(standard: .init(isBinary: true)))
    var bytes = [UInt8](repeating: 0, count: answer.headByteCount)
    bytes.withUnsafeMutableBytes { answer.encodeHead(into: $0) }
    for tensor in answer.tensors {
      var prefix = [UInt8](repeating: 0, count: InferAnswerMessage.prefixBytesMax)
      let count = prefix.withUnsafeMutableBytes {
        InferAnswerMessage.encodePrefix(of: tensor, into: $0)
      }
      bytes += prefix[..<count] + tensor.elements(as: UInt8.self)
    }
    let response = try read(bytes)
    #expect(response.model == "m")
    #expect(response.version == "300")
    #expect(response.outputs.map(\.name) == ["a", "s", "t"])
    #expect(response.outputs.map(\.tensor.shape.array) == [[1, 2], [], [2]])
    #expect(response.outputs[0].tensor.elements(as: Float.self) == [1, 2])
    #expect(response.outputs[1].tensor.elements(as: Int8.self) == [-3])
    #expect(response.outputs[2].tensor.strings == ["ab", ""])
  }

  @Test func `reads outputs that come as lists of their type`() throws {
    let document = JSONValue.object([
      .init(
        "outputs",
        .array([
          .object([
            .init("name", .string("y")), .init("datatype", .string("INT64")),
            .init("shape", .array([.integer(2)])),
            .init(
              "contents",
              .object([.init("int64_contents", .array([.integer(5), .integer(-6)]))])),
          ])
        ]))
    ])
    let bytes = try GRPCSchemas.documents.encode(document, as: "inference.ModelInferResponse")
    #expect(try read(bytes).outputs[0].tensor.elements(as: Int64.self) == [5, -6])
  }

  private func output(_ datatype: String, _ shape: [UInt8], raw: [UInt8]?) -> [UInt8] {
    var described = ProtobufBytes()
    described.append(field: 1, text: "y")
    described.append(field: 2, text: datatype)
    described.append(field: 3, bytes: shape)
    var message = ProtobufBytes()
    message.append(field: 5, bytes: described.bytes)
    if let raw { message.append(field: 6, bytes: raw) }
    return message.bytes
  }

  struct Unfit: Sendable {
    let datatype: String
    let shape: [UInt8]
    let raw: [UInt8]?

    private static let minusOne: [UInt8] = Array(repeating: 0xFF, count: 9) + [1]
    private static let huge: [UInt8] = Array(repeating: 0xFF, count: 8) + [0x7F]

    /// Bytes that do not fit the shape, a type that nobody knows, lengths below 0 and beyond all, too
    /// many lengths, elements that are none.
    static let all: [Unfit] = [
      Unfit(datatype: "FP32", shape: [1], raw: [1, 2, 3]),
      Unfit(datatype: "FP8", shape: [1], raw: [1]),
      Unfit(datatype: "FP32", shape: minusOne, raw: []),
      Unfit(datatype: "FP32", shape: huge, raw: []),
      Unfit(datatype: "FP32", shape: huge + huge, raw: []),
      Unfit(datatype: "FP32", shape: huge, raw: nil),
      Unfit(datatype: "INT8", shape: [1, 1, 1, 1, 1, 1, 1, 1, 1], raw: [1]),
      Unfit(datatype: "BYTES", shape: [1], raw: [9, 0, 0, 0]),
      Unfit(datatype: "BOOL", shape: [1], raw: [2]),
      Unfit(datatype: "FP32", shape: [2], raw: nil),
    ]
  }

  @Test(arguments: Unfit.all) func `refuses outputs that are none`(unfit: Unfit) {
    let bytes = output(unfit.datatype, unfit.shape, raw: unfit.raw)
    #expect(throws: InputProblem.self) { try read(bytes) }
  }

  @Test func `refuses raw contents that are not as many as outputs`() {
    let bytes = output("INT8", [1], raw: [1]) + output("INT8", [1], raw: nil)
    #expect(throws: InputProblem.self) { try read(bytes) }
    #expect(throws: InputProblem.self) { try read([0x2A, 0xFF]) }
  }
}
