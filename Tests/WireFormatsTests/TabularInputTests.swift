import Inference
import Testing
import WireFormats

/// What readers take for the input of a tabular model.
@Suite struct TabularInputTests {
  private static func signature(
    _ datatype: Datatype = .float32, names: [String]? = ["a", "b"], narrowsOthers: Bool = false
  ) -> ModelSignature {
    let rows = Dimension.any(name: nil)
    return ModelSignature(
      inputs: [
        TensorDescription(
          name: "input", datatype: datatype, dimensions: [rows, .fixed(2)],
          table: FeatureTable(names: names, narrowsOthers: narrowsOthers))
      ],
      outputs: [
        TensorDescription(name: "predict", datatype: .float32, dimensions: [rows]),
        TensorDescription(
          name: "contributions", datatype: .float32, dimensions: [rows, .fixed(3)],
          isOnRequest: true),
      ], hasRowAxis: true)
  }

  private func infer(
    _ json: String, _ signature: ModelSignature = signature()
  ) throws -> OpenInferenceRequest {
    try Array(json.utf8).withUnsafeBytes { bytes throws(InputProblem) in
      try OpenInferenceRequest.decode(json: bytes, signature: signature)
    }
  }

  private func floats(_ request: OpenInferenceRequest) -> [Float] {
    request.body.inputs[0]?.elements(as: Float.self) ?? []
  }

  @Test(arguments: [
    "FP32", "FP64", "FP16", "BF16", "INT64", "INT32", "INT16", "INT8", "UINT64", "UINT32", "UINT16",
    "UINT8",
  ])
  func `numbers of every datatype become the model's`(_ datatype: String) throws {
    let request = try infer(
      #"{"inputs":[{"name":"x","shape":[1,2],"datatype":"\#(datatype)","data":[3,7]}]}"#)
    #expect(request.body.inputs[0]?.datatype == .float32)
    #expect(floats(request) == [3, 7])
  }

  @Test func `large integers are rounded once, and as LightGBM has it by way of Float32`() throws {
    let json =
      #"{"inputs":[{"name":"x","shape":[1,2],"datatype":"INT64","data":[16777217,9007199254740993]}]}"#
    let exact = try infer(json, Self.signature(.float64)).body.inputs[0]?.elements(as: Double.self)
    #expect(exact == [16_777_217, 9_007_199_254_740_992])
    let narrow = try infer(json, Self.signature(.float64, narrowsOthers: true))
    #expect(
      narrow.body.inputs[0]?.elements(as: Double.self) == [16_777_216, 9_007_199_254_740_992])
  }

  @Test func `null and Python's words are numbers of a table and of nothing else`() throws {
    let json =
      #"{"inputs":[{"name":"input","shape":[2,2],"datatype":"FP32","data":[[null,1],[NaN,-Infinity]]}]}"#
    let found = floats(try infer(json))
    #expect(found[0].isNaN && found[2].isNaN && found[1] == 1 && found[3] == -.infinity)
    let rows = Dimension.any(name: nil)
    let other = ModelSignature(
      inputs: [
        TensorDescription(name: "input", datatype: .float32, dimensions: [rows, .fixed(2)])
      ], outputs: [], hasRowAxis: true)
    #expect(throws: InputProblem.self) { try infer(json, other) }
  }

  @Test(arguments: [
    #""datatype":"INT64","data":[null,1]"#, #""datatype":"FP32","data":["a",1]"#,
    #""datatype":"BYTES","data":["a","b"]"#, #""datatype":"FP32","data":[nul,1]"#,
    #""datatype":"FP32","data":[1]"#, #""datatype":"FP32","data":[null,null,null]"#,
    #""datatype":"FP32","data":[null,]"#, #""datatype":"FP32","data":[null null]"#,
  ])
  func `what is no number is refused`(_ members: String) {
    #expect(throws: InputProblem.self) {
      try infer(#"{"inputs":[{"name":"x","shape":[1,2],\#(members)}]}"#)
    }
  }

  @Test func `a column's name is not the table's`() {
    let problem = #expect(throws: InputProblem.self) {
      try infer(#"{"inputs":[{"name":"a","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#)
    }
    let text = problem.map { FailureMessage.text(for: .invalidInput($0)) } ?? ""
    #expect(text.contains("column `b` is missing"), "\(text)")
  }

  private func read(
    _ reader: any DialectReader, _ json: String, names: [String]? = ["a", "b"]
  ) throws -> DialectRequest {
    try Array(json.utf8).withUnsafeBytes { bytes throws(InferenceFailure) in
      try reader.read(
        bytes,
        BodyFacts(signature: Self.signature(names: names), contentType: "application/json"))
    }
  }

  private func rows(_ request: DialectRequest) -> [Float] {
    guard case .tensors(let tensors) = request.content else { return [] }
    return tensors.inputs[0]?.elements(as: Float.self) ?? []
  }

  @Test(arguments: [
    #"{"instances":[{"b":2,"a":1},{"a":3,"b":4}]}"#, #"{"inputs":{"b":[2,4],"a":[1,3]}}"#,
    #"{"instances":[[1,2],[3,4]]}"#, #"{"inputs":{"x":[[1,2],[3,4]]}}"#,
    #"{"instances":[{"x":[1,2]},{"x":[3,4]}]}"#,
  ])
  func `rows and columns by name and by order are the same table`(_ json: String) throws {
    #expect(rows(try read(PredictReader(.kserve), json)) == [1, 2, 3, 4])
  }

  @Test(arguments: [
    (#"{"instances":[{"a":1}]}"#, "`b` is missing"),
    (#"{"instances":[{"a":1,"b":2,"c":3}]}"#, "`c`"),
    (#"{"inputs":{"a":[1,2],"b":[1]}}"#, "nested arrays"),
    (#"{"instances":[{"a":1,"b":"x"}]}"#, "must be a number"),
  ])
  func `what is wrong with a table is told`(_ json: String, _ part: String) {
    let failure = #expect(throws: InferenceFailure.self) {
      try read(PredictReader(.kserve), json)
    }
    let text = failure.map { FailureMessage.text(for: $0) } ?? ""
    #expect(text.contains(part), "\(text)")
  }

  @Test func `outputs are named by a parameter`() throws {
    let json = #"{"instances":[[1,2]],"parameters":{"outputs":"contributions, predict","x":1}}"#
    let request = try read(PredictReader(.kserve), json).withNamedOutputs(of: Self.signature())
    guard case .tensors(let tensors) = request.content else { return }
    #expect(tensors.outputs == [1, 0])
    #expect(tensors.parameters.map(\.name) == ["x"])
    let wrong = try read(
      PredictReader(.kserve), #"{"instances":[[1,2]],"parameters":{"outputs":"p"}}"#)
    #expect(throws: InputProblem.unknownOutput("p", known: ["predict", "contributions"])) {
      try wrong.withNamedOutputs(of: Self.signature())
    }
  }

  @Test(arguments: [
    (["a", "b"], #"{"explanations":[{"base_value":0.5,"contributions":{"a":1.0,"b":-2.0}}]}"#),
    (nil, #"{"explanations":[{"base_value":0.5,"contributions":{"f0":1.0,"f1":-2.0}}]}"#),
  ])
  func `an explanation names the columns`(_ names: [String]?, _ expected: String) throws {
    let request = try read(
      ExplanationReader(PredictReader(.kserve)), #"{"instances":[[1,2]]}"#, names: names)
    guard case .tensors(let tensors) = request.content else { return }
    #expect(tensors.outputs == [1])
    let numbers: [Float] = [1, -2, 0.5]
    let output = NamedTensor(
      name: "contributions", tensor: Tensor(numbers, datatype: .float32, shape: [1, 3]))
    let model = AnsweringModel(name: "m", version: 1, labels: [], requestID: "")
    let text = try request.answer.text(for: [output], of: model)
    #expect(written(text) == expected)
  }

  @Test func `a model without contributions says why`() {
    let model = Self.signature()
    let mute = ModelSignature(
      inputs: model.inputs, outputs: [model.outputs[0]], hasRowAxis: true,
      metadata: [ModelSignature.noContributions: "its leaves are linear"])
    let failure = #expect(throws: InferenceFailure.self) {
      try Array(#"{"instances":[[1,2]]}"#.utf8).withUnsafeBytes { bytes in
        try ExplanationReader(PredictReader(.kserve)).read(bytes, BodyFacts(signature: mute))
      }
    }
    let text = failure.map { FailureMessage.text(for: $0) } ?? ""
    #expect(text.contains("as its leaves are linear"), "\(text)")
  }

  @Test func `an explanation of several outputs has lists`() throws {
    let request = try read(ExplanationReader(PredictReader(.kserve)), #"{"instances":[[1,2]]}"#)
    let numbers: [Float] = [1, -2, 0.5, 3, 4, 5]
    let output = NamedTensor(
      name: "contributions", tensor: Tensor(numbers, datatype: .float32, shape: [1, 2, 3]))
    let model = AnsweringModel(name: "m", version: 1, labels: [], requestID: "")
    let text = try request.answer.text(for: [output], of: model)
    let expected =
      #"{"explanations":[{"base_value":[0.5,5.0],"contributions":{"a":[1.0,3.0],"b":[-2.0,4.0]}}]}"#
    #expect(written(text) == expected)
  }

  private func written(_ text: AnswerText) -> String {
    var memory = [UInt8](repeating: 0, count: text.byteCountMax)
    let count = memory.withUnsafeMutableBytes { text.write(into: $0) }
    return String(decoding: memory[..<count], as: UTF8.self)
  }
}
