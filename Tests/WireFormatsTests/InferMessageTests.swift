import Inference
import Testing

@testable import WireFormats

@Suite struct InferMessageTests {
  private let signature = ModelSignature(
    inputs: [
      .init(name: "a", datatype: .float32, dimensions: [.any(name: nil), .fixed(2)]),
      .init(name: "b", datatype: .int8, dimensions: [.fixed(3)], isOptional: true),
    ],
    outputs: [.init(name: "y", datatype: .float32, dimensions: [.any(name: nil)])],
    hasRowAxis: false)

  private func field(_ number: Int, _ value: [UInt8]) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: number, bytes: value)
    return output.bytes
  }

  private func text(_ number: Int, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }

  private func input(_ name: String, _ datatype: String, _ shape: [UInt8]) -> [UInt8] {
    field(5, text(1, name) + text(2, datatype) + field(3, shape))
  }

  private func decode(_ bytes: [UInt8]) -> Result<OpenInferenceRequest, InputProblem> {
    bytes.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        var layout = InferMessageLayout()
        try layout.read(bytes)
        return try InferMessage.decode(bytes, layout, signature: signature)
      }
    }
  }

  private let eightBytes: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64]

  @Test func `reads raw contents, an id and parameters`() throws {
    var priority = ProtobufBytes()
    priority.append(field: 5, varint: 3)
    let message =
      text(1, "m") + text(3, "mine") + field(4, text(1, "priority") + field(2, priority.bytes))
      + input("a", "FP32", [1, 2]) + field(7, eightBytes)
    let request = try decode(message).get()
    #expect(request.id == "mine" && request.priority == 3)
    #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2])
    #expect(request.body.inputs[1] == nil)
  }

  @Test func `takes the same message in pieces of every size`() throws {
    let message =
      text(1, "model") + input("a", "FP32", [1, 2]) + field(7, eightBytes)
      + input("b", "INT8", [3]) + field(7, [1, 2, 255])
    let whole = try decode(message).get()
    for size in 1...message.count {
      var body = InferMessageBody(byteCount: message.count)
      for start in stride(from: 0, to: message.count, by: size) {
        try message[start..<min(start + size, message.count)].withUnsafeBytes {
          try body.receive($0)
        }
      }
      let parts = try body.finish()
      let request = try parts.head.withUnsafeBytes { bytes in
        var layout = InferMessageLayout()
        try layout.read(bytes)
        return try InferMessage.decode(
          bytes, layout, rawInputs: parts.rawInputs, signature: signature)
      }
      #expect(request.body.inputs[0]?.elements(as: Float.self) == [1, 2])
      let second = request.body.inputs[1]?.elements(as: Int8.self)
      #expect(second == [1, 2, -1] && second == whole.body.inputs[1]?.elements(as: Int8.self))
    }
  }

  @Test func `refuses pieces that end inside a field or reach beyond the message`() throws {
    for message in [[UInt8(0x3A), 5, 1], [0x0A], [0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], [0x0B]] {
      var body = InferMessageBody(byteCount: message.count)
      #expect(throws: InputProblem.self) {
        try message.withUnsafeBytes { try body.receive($0) }
        _ = try body.finish()
      }
    }
  }

  @Test(arguments: [
    (datatype: "INT8", number: 2, packed: [UInt8(1), 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 7]),
    (
      datatype: "INT8", number: 2,
      packed: [1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 7]
    ),
  ])
  func `reads typed contents, negative numbers in both of their forms`(
    _ form: (datatype: String, number: Int, packed: [UInt8])
  ) throws {
    let given = field(
      5,
      text(1, "b") + text(2, form.datatype) + field(3, [3])
        + field(5, field(form.number, form.packed)))
    let floats = field(
      5, text(1, "a") + text(2, "FP32") + field(3, [1, 2]) + field(5, field(6, eightBytes)))
    let request = try decode(text(1, "m") + floats + given).get()
    #expect(request.body.inputs[1]?.elements(as: Int8.self) == [1, -1, 7])
  }

  @Test func `says what is wrong`() {
    let a = input("a", "FP32", [1, 2])
    let refused: [([UInt8], InputProblem)] = [
      (text(1, "m"), .missingInput("a")),
      (a + field(7, [1]), .wrongByteCount(input: "a", expected: 8, got: 1)),
      (a + a + field(7, eightBytes) + field(7, eightBytes), .inputGivenTwice("a")),
      (input("a", "FP32", [1, 3]), .wrongShape(input: "a", expected: [-1, 2], got: [1, 3])),
      (input("c", "FP32", [1]), .unknownInput("c", known: ["a", "b"])),
      (input("a", "INT8", [1]), .wrongDatatype(input: "a", expected: .float32, got: .int8)),
      (a + field(6, text(1, "z")), .wrongElementCount(input: "a", expected: 2, got: 0)),
      (
        [0x0A, 5, 1],
        .syntax(.protobuf, expected: "5 bytes before the end of the message", byteOffset: 2)
      ),
    ]
    for (message, problem) in refused {
      let found: InputProblem? =
        if case .failure(let problem) = decode(message) { problem } else { nil }
      #expect(found == problem)
    }
  }

  @Test func `writes an answer whose sizes are those it said`() throws {
    let outputs = [
      NamedTensor(name: "y", tensor: Tensor([Float(1), 2], datatype: .float32, shape: [2])),
      NamedTensor(name: "none", tensor: Tensor([Float](), datatype: .float32, shape: [0, 300])),
    ]
    for isStreamed in [false, true] {
      let answer = try InferAnswerMessage(
        model: "m", version: 300, id: "id", outputs: outputs,
        plan: OpenInferenceResponsePlan(standard: .init(isBinary: true)),
        isFinal: isStreamed ? true : nil, isStreamed: isStreamed)
      var bytes = [UInt8](repeating: 0, count: answer.headByteCount)
      bytes.withUnsafeMutableBytes { answer.encodeHead(into: $0) }
      for tensor in answer.tensors {
        var prefix = [UInt8](repeating: 0, count: InferAnswerMessage.prefixBytesMax)
        let count = prefix.withUnsafeMutableBytes {
          InferAnswerMessage.encodePrefix(of: tensor, into: $0)
        }
        bytes += prefix[..<count] + tensor.elements(as: UInt8.self)
      }
      #expect(bytes.count == answer.byteCount)
      let name = isStreamed ? "inference.ModelStreamInferResponse" : "inference.ModelInferResponse"
      let read = try bytes.withUnsafeBytes { try GRPCSchemas.documents.decode($0, as: name) }
      let document = isStreamed ? read["infer_response"] : read
      #expect(document?["model_version"] == .string("300"))
      #expect(document?["id"] == .string("id"))
      #expect(document?["raw_output_contents"] == .array([.string("AACAPwAAAEA="), .string("")]))
      if isStreamed {
        let flag = JSONValue.object([.init("bool_param", .bool(true))])
        #expect(document?["parameters"] == .object([.init("triton_final_response", flag)]))
      }
    }
  }
}
