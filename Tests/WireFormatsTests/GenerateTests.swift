import Inference
import Testing
import WireFormats

@Suite struct GenerateTests {
  private static let model = ModelSignature(
    inputs: [
      TensorDescription(
        name: "TEXT", datatype: .bytes, dimensions: [.any(name: nil), .fixed(1)]),
      TensorDescription(
        name: "X", datatype: .float32, dimensions: [.any(name: nil), .fixed(2), .any(name: nil)],
        isOptional: true),
      TensorDescription(
        name: "ON", datatype: .bool, dimensions: [.any(name: nil), .fixed(1)], isOptional: true),
    ], outputs: [], hasRowAxis: true)

  private func decode(_ json: String) -> Result<GenerateRequest, InputProblem> {
    Array(json.utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try GenerateRequest.decode(json: bytes, signature: Self.model, depthMax: 64)
      }
    }
  }

  @Test func `members are inputs by name, and parameters otherwise`() throws {
    let request = try decode(
      #"""
      {"id": "q", "TEXT": "hi", "temperature": 0.5, "timeout": 70,
       "parameters": {"ON": true, "stream": false, "priority": 2}}
      """#
    ).get()
    #expect(request.id == "q" && request.timeoutMicroseconds == 70 && request.priority == 2)
    #expect(request.body.inputs[0]?.strings == ["hi"])
    #expect(request.body.inputs[0]?.shape == [1, 1])
    #expect(request.body.inputs[1] == nil)
    #expect(request.body.inputs[2]?.elements(as: UInt8.self) == [1])
    #expect(
      request.body.parameters == [
        Parameter(name: "temperature", value: .number(0.5)),
        Parameter(name: "stream", value: .bool(false)),
      ])
  }

  @Test(
    arguments: [
      ("[1,2,3,4]", [1, 2, 2]), ("[[1,2],[3,4]]", [1, 2, 2]), ("[[[1,2],[3,4]]]", [1, 2, 2]),
      ("[[[1],[2]],[[3],[4]]]", [2, 2, 1]), ("[]", [1, 2, 0]),
    ] as [(String, [Int])])
  func `a tensor's shape follows from its nesting and the model`(
    _ data: String, _ shape: [Int]
  ) throws {
    let request = try decode(#"{"TEXT":"","X":\#(data)}"#).get()
    #expect(request.body.inputs[1]?.shape.array == shape)
    let count = shape.reduce(1, *)
    #expect(request.body.inputs[1]?.elements(as: Float.self) == (0..<count).map { Float($0 + 1) })
  }

  @Test(
    arguments: [
      ("{}", .missingInput("TEXT")),
      (#"{"TEXT":1}"#, .elementOfWrongKind(input: "TEXT", datatype: .bytes, index: 0)),
      (#"{"TEXT":"a","TEXT":"b"}"#, .inputGivenTwice("TEXT")),
      (#"{"TEXT":"a","X":[1,2,3]}"#, .wrongShape(input: "X", expected: [-1, 2, -1], got: [3])),
      (#"{"TEXT":"a","X":[[1],[2,3]]}"#, .raggedArray(input: "X")),
      (
        #"{"TEXT":"a","x":{}}"#,
        .parameter("x", expected: "a string, a number, true or false", got: "an object")
      ),
      ("[]", .fieldOfWrongKind("the body", expected: "an object")),
      (#"{"TEXT":"a"} x"#, .syntax(.json, expected: "the end of the document", byteOffset: 13)),
    ] as [(String, InputProblem)])
  func `what is wrong is said`(_ json: String, _ problem: InputProblem) {
    guard case .failure(let got) = decode(json) else {
      Issue.record("it was taken")
      return
    }
    #expect(got == problem)
  }

  private func written(_ frame: GenerateResponse.Frame, _ outputs: [NamedTensor]) throws -> String {
    let response = try GenerateResponse(
      model: "m", version: 3, id: "q\"", outputs: outputs, frame: frame)
    return String(unsafeUninitializedCapacity: response.byteCountMax) {
      response.encode(into: UnsafeMutableRawBufferPointer($0))
    }
  }

  @Test func `an answer names its outputs, one element as itself`() throws {
    let outputs = [
      NamedTensor(name: "A", tensor: Tensor([Int32(-7)], datatype: .int32, shape: [1, 1])),
      NamedTensor(name: "B", tensor: Tensor([Float(1), 2.5], datatype: .float32, shape: [2])),
      NamedTensor(name: "C", tensor: Tensor(strings: ["a\n\"b"], shape: [1])),
      NamedTensor(name: "D", tensor: Tensor([Int32](), datatype: .int32, shape: [0])),
    ]
    let json =
      #"{"model_name":"m","model_version":"3","id":"q\"","A":-7,"B":[1.0,2.5],"#
      + #""C":"a\n\"b","D":[]}"#
    #expect(try written(.document, outputs) == json)
    #expect(try written(.event, outputs) == "data: \(json)\n\n")
    let error = String(decoding: GenerateResponse.errorEvent("no\nmore"), as: UTF8.self)
    #expect(error == "data: {\"error\":\"no\\nmore\"}\n\n")
  }
}
