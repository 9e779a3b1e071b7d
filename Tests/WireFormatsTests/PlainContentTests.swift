import Inference
import Testing

@testable import WireFormats

/// Models of documents and files: bodies that are the input itself, and rows that are documents.
@Suite struct PlainContentTests {
  private static func facts(
    _ contentType: String, takes: String?, gives: String? = nil, inputs: Int = 1
  ) -> BodyFacts {
    var metadata: [String: String] = [:]
    metadata[PlainContent.inputKey] = takes
    metadata[PlainContent.outputKey] = gives
    let ports = (0..<inputs).map { tensor("in\($0)", .bytes, [nil]) }
    let signature = ModelSignature(
      inputs: ports, outputs: [tensor("out", .bytes, [nil])], hasRowAxis: true, metadata: metadata)
    return BodyFacts(signature: signature, contentType: contentType)
  }

  private static func elements(_ tensor: Tensor?) -> [String] {
    var texts: [String] = []
    _ = tensor?.forEachByteString { texts.append(String(decoding: $0, as: UTF8.self)) }
    return texts
  }

  private static func read(
    _ text: String, _ reader: any DialectReader, _ facts: BodyFacts
  ) throws(InferenceFailure) -> (DialectRequest, TensorRequest) {
    let outcome = Array(text.utf8).withUnsafeBytes { body in
      Result { () throws(InferenceFailure) in try reader.read(body, facts) }
    }
    let request = try outcome.get()
    guard case .tensors(let tensors) = request.content else { preconditionFailure("no tensors") }
    return (request, tensors)
  }

  private static func answer(
    _ request: DialectRequest, _ elements: [String]
  ) throws(InferenceFailure) -> (text: String, type: String) {
    var bytes: [UInt8] = []
    for element in elements {
      bytes += withUnsafeBytes(of: UInt32(element.utf8.count).littleEndian) { Array($0) }
      bytes += Array(element.utf8)
    }
    let tensor = Tensor(bytes, datatype: .bytes, shape: TensorShape([elements.count])!)
    let text = try request.answer.text(
      for: [NamedTensor(name: "out", tensor: tensor)],
      of: AnsweringModel(name: "m", version: 1, labels: [], requestID: "r"))
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: text.byteCountMax, alignment: 1)
    defer { memory.deallocate() }
    let count = text.write(into: memory)
    let written = UnsafeRawBufferPointer(memory)[..<count]
    return (String(decoding: written, as: UTF8.self), "\(text.contentType)")
  }

  @Test(arguments: [
    ("application/json", "application/json", #"{"instances": [1]}"#),
    ("application/ld+json", "application/json", "[1]"), ("", "application/json", #" {"a": 1}"#),
    ("image/png", "*/*", "any bytes"), ("application/json", "*/*", "no JSON"),
  ])
  func `the whole body is the input`(_ contentType: String, _ takes: String, _ body: String) throws
  {
    let facts = Self.facts(contentType, takes: takes, gives: "application/json")
    let (request, tensors) = try Self.read(body, PlainPredictReader(.torchServe), facts)
    #expect(Self.elements(tensors.inputs[0]) == [body])
    let type = contentType.isEmpty ? nil : contentType
    #expect(tensors.parameters.first.map(\.value) == type.map(ParameterValue.string))
    let answer = try Self.answer(request, [#"{"got":1}"#])
    #expect(answer.text == #"{"got":1}"# && answer.type == "application/json")
  }

  @Test(arguments: [
    ("text/plain", "words", "text/plain; charset=utf-8"),
    ("*/*", "words", "text/plain; charset=utf-8"),
    ("*/*", "[1]", "application/json"), ("image/png", "x", "image/png"),
    ("application/x", "x", "application/octet-stream"),
  ])
  func `the answer is the output, with its type`(
    _ gives: String, _ output: String, _ type: String
  ) throws {
    let facts = Self.facts("a/b", takes: "*/*", gives: gives)
    let (request, _) = try Self.read("x", PlainPredictReader(.torchServe), facts)
    let answer = try Self.answer(request, [output])
    #expect(answer.text == output && answer.type == type)
  }

  @Test func `instances may be documents, and predictions are`() throws {
    let facts = Self.facts("application/json", takes: "application/json", gives: "application/json")
    for reader in [PredictReader(.kserve), InvocationsReader(spoken: nil)] as [any DialectReader] {
      let (request, tensors) = try Self.read(
        #"{"instances": [{"a": [1, "x"]}, [2], null, "{\"b\": 1}"]}"#, reader, facts)
      #expect(
        Self.elements(tensors.inputs[0]) == [#"{"a": [1, "x"]}"#, "[2]", "null", #"{"b": 1}"#])
      let answer = try Self.answer(request, [#"{"a":1}"#, "2", "null", #""x""#])
      #expect(answer.text == #"{"predictions":[{"a":1},2,null,"x"]}"#)
    }
  }

  @Test(arguments: [
    #"{"dataframe_records": [{"a":1,"b":"x"}, {"a":null,"b":[2]}]}"#,
    #"{"dataframe_split": {"columns": ["a", "b"], "data": [[1, "x"], [NaN, [2]]]}}"#,
  ])
  func `frames are documents, too`(_ body: String) throws {
    let facts = Self.facts("application/json", takes: "application/json")
    let (_, tensors) = try Self.read(body, InvocationsReader(spoken: .mlflow), facts)
    #expect(Self.elements(tensors.inputs[0]) == [#"{"a":1,"b":"x"}"#, #"{"a":null,"b":[2]}"#])
  }

  @Test(arguments: [
    #"{"data": [[1]]}"#, #"{"columns": ["a"], "data": [[1, 2]]}"#,
    #"{"columns": ["a"], "data": []}"#,
    #"{"columns": [1], "data": [[1]]}"#, #"{"columns": ["a"], "data": [1]}"#,
    #"{"columns": ["a"]}"#,
    "[]", #"{"columns": ["a"], "data": [[1}"#,
  ])
  func `frames of another form are refused`(_ frame: String) {
    let facts = Self.facts("application/json", takes: "application/json")
    #expect(throws: InferenceFailure.self) {
      try Self.read(#"{"dataframe_split": \#(frame)}"#, InvocationsReader(spoken: .mlflow), facts)
    }
  }

  @Test func `broken documents among instances are refused`() {
    let facts = Self.facts("application/json", takes: "application/json")
    for text in [#"{"instances": [{"a": }]}"#, #"{"instances": [{"a": 1]}"#, #"{"instances": [{"#] {
      #expect(throws: InferenceFailure.self) {
        try Self.read(text, PredictReader(.kserve), facts)
      }
    }
  }

  @Test func `models without such marks, or with more inputs, are read as before`() {
    for facts in [
      Self.facts("application/json", takes: nil),
      Self.facts("application/json", takes: "application/json", inputs: 2),
    ] {
      #expect(throws: InferenceFailure.self) {
        try Self.read(#"{"a": 1}"#, PlainPredictReader(.torchServe), facts)
      }
    }
  }

  // MARK: Arguments by name

  /// One document, another that may be left out, and a number.
  private static func arguments(_ takes: String?) -> BodyFacts {
    let inputs = [
      TensorDescription(
        name: "flat", datatype: .bytes, dimensions: [.any(name: nil)], holdsDocuments: true),
      TensorDescription(
        name: "tags", datatype: .bytes, dimensions: [.any(name: nil)], isOptional: true,
        holdsDocuments: true),
      TensorDescription(
        name: "top", datatype: .int64, dimensions: [.any(name: nil)], isOptional: true),
    ]
    let signature = ModelSignature(
      inputs: inputs, outputs: [tensor("out", .bytes, [nil])], hasRowAxis: true,
      metadata: takes.map { [PlainContent.inputKey: $0] } ?? [:])
    return BodyFacts(signature: signature, contentType: "application/json")
  }

  @Test(arguments: [nil, "application/json"])
  func `documents and numbers come by their names`(_ takes: String?) throws {
    let facts = Self.arguments(takes)
    let body = #"{"flat": {"rooms": 2}, "tags": ["a", {"b": 1}], "top": 3}"#
    let (_, tensors) = try Self.read(body, PlainPredictReader(.predict), facts)
    #expect(Self.elements(tensors.inputs[0]) == [#"{"rooms": 2}"#])
    #expect(Self.elements(tensors.inputs[1]) == [#"["a", {"b": 1}]"#])
    #expect(tensors.inputs[2]?.shape == [1])
    let (_, fewer) = try Self.read(
      #"{"flat": 1, "tags": null}"#, PlainPredictReader(.predict), facts)
    #expect(Self.elements(fewer.inputs[0]) == ["1"])
    #expect(fewer.inputs[1] == nil && fewer.inputs[2] == nil)
  }

  @Test func `arguments by name are answered with the document`() throws {
    var facts = Self.arguments(nil)
    facts = BodyFacts(
      signature: ModelSignature(
        inputs: facts.signature.inputs, outputs: facts.signature.outputs, hasRowAxis: true,
        metadata: [PlainContent.outputKey: "application/json"]), contentType: "application/json")
    let (request, _) = try Self.read(#"{"flat": 1}"#, PlainPredictReader(.torchServe), facts)
    #expect(try Self.answer(request, [#"{"a":1}"#]).text == #"{"a":1}"#)
    #expect(try Self.answer(request, [#"{"a":1}"#, "2"]).text == #"[{"a":1},2]"#)
  }

  @Test func `a number beside a document leaves the body the document`() throws {
    let facts = Self.arguments("application/json")
    for body in [#"{"rooms": 2}"#, #"{"top": 3}"#, #"{"flat": 1, "rooms": 2}"#, "[1]"] {
      let (_, tensors) = try Self.read(body, PlainPredictReader(.predict), facts)
      #expect(Self.elements(tensors.inputs[0]) == [body])
    }
  }

  @Test func `documents stand in rows and in columns`() throws {
    let facts = Self.arguments(nil)
    let rows = #"{"instances": [{"flat": {"a": 1}, "top": 1}, {"flat": [2], "top": 2}]}"#
    let columns = #"{"inputs": {"flat": [{"a": 1}, [2]], "top": [1, 2]}}"#
    for body in [rows, columns] {
      let (_, tensors) = try Self.read(body, PredictReader(.kserve), facts)
      #expect(Self.elements(tensors.inputs[0]) == [#"{"a": 1}"#, "[2]"])
      #expect(tensors.inputs[1] == nil && tensors.inputs[2]?.shape == [2])
    }
  }

  @Test func `what may be left out may stand beside instances`() throws {
    let (_, tensors) = try Self.read(
      #"{"instances": [{"flat": 1}], "top": 3}"#, PlainPredictReader(.predict),
      Self.arguments(nil))
    #expect(tensors.inputs[2]?.shape == [1])
  }
}
