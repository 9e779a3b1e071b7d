import Inference
import Testing

@testable import WireFormats

/// Rows without elements: a few bytes name any number of them, and each costs something.
@Suite struct EmptyRowTests {
  private static let model = signature([tensor("x", .float32, [nil, nil])])
  private static let refused: [[Int]] = [
    [65_537, 0], [1 << 62, 0], [.max, 0], [256, 257, 0], [1 << 40, 1 << 23, 0],
  ]

  @Test(arguments: [[0], [65_536, 0], [0, .max], [3, 0, 640, 640], [.max], [65_537, 1]])
  func `a shape of not too many is one like others`(lengths: [Int]) throws {
    #expect(try !#require(TensorShape(lengths)).hasTooManyEmptyRows)
  }

  @Test(arguments: refused)
  func `too many are no shape that any input admits`(lengths: [Int]) throws {
    let shape = try #require(TensorShape(lengths))
    let shapeless = TensorDescription(
      name: "x", datatype: .float32, dimensions: [], isShapeless: true)
    #expect(shape.hasTooManyEmptyRows)
    #expect(!shapeless.admits(shape))
    #expect(!tensor("x", .float32, lengths.map { _ in nil }).admits(shape))
  }

  @Test(arguments: [65_537, 1 << 62, .max])
  func `they are refused in JSON, and the refusal says why`(count: Int) {
    let problem = Array(request(.float32, "[\(count),0]", "[]").utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: Self.model, depthMax: 64)
      }
    }.failure
    #expect(problem == .wrongShape(input: "x", expected: [-1, -1], got: [count, 0]))
    let text = problem.map { FailureMessage.text(for: .invalidInput($0)) } ?? ""
    #expect(text.hasSuffix("[\(count), 0]; of rows without elements it may have at most 65536"))
  }

  @Test(arguments: [65_537, 1 << 62, .max])
  func `they are refused in a file of NumPy's`(count: Int) {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count), 0), }"
    let file =
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8)
    let facts = BodyFacts(signature: Self.model, contentType: "application/x-npy")
    let result = file.withUnsafeBytes { bytes in
      Result { () throws(InferenceFailure) in
        try InvocationsReader(spoken: nil).read(bytes, facts)
      }
    }
    #expect(
      result.failure
        == .invalidInput(.wrongShape(input: "x", expected: [-1, -1], got: [count, 0])))
  }

  @Test func `they are refused in a message`() {
    var input = ProtobufBytes()
    input.append(field: 1, text: "x")
    input.append(field: 2, text: "FP32")
    var shape = ProtobufBytes()
    shape.append(varint: 1 << 62)
    shape.append(varint: 0)
    input.append(field: 3, bytes: shape.bytes)
    #expect(throws: InputProblem.wrongShape(input: "x", expected: [-1, -1], got: [1 << 62, 0])) {
      try input.bytes.withUnsafeBytes { bytes in
        _ = try InferInputField(bytes, place: 0, signature: Self.model)
      }
    }
  }

  @Test func `a model's own are not written as nested arrays`() throws {
    let output = NamedTensor(
      name: "y", tensor: Tensor([Float](), datatype: .float32, shape: [1 << 62, 0]))
    #expect(throws: InferenceFailure.self) { _ = try NestedOutput(output) }
  }
}
