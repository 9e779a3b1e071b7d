import Inference
import Testing

@testable import WireFormats

private func input(
  _ name: String, _ datatype: Datatype, _ dimensions: [Dimension], isOptional: Bool = false
) -> TensorDescription {
  TensorDescription(
    name: name, datatype: datatype, dimensions: dimensions, isOptional: isOptional)
}

/// Signatures of all kinds: one input and several, rows and none, text, scalars, optional inputs.
private let signatures: [ModelSignature] =
  Datatype.allCases.map { datatype in
    ModelSignature(
      inputs: [input("x", datatype, [.any(name: "rows"), .fixed(3)])], outputs: [],
      hasRowAxis: true)
  } + [
    ModelSignature(
      inputs: [
        input("a", .float32, [.any(name: nil), .fixed(2)]), input("b", .bytes, [.any(name: nil)]),
        input("c", .int64, [.any(name: nil)], isOptional: true),
      ], outputs: [], hasRowAxis: true),
    ModelSignature(inputs: [input("scalar", .float64, [])], outputs: [], hasRowAxis: false),
    ModelSignature(
      inputs: [input("fixed", .uint8, [.fixed(2), .fixed(2), .fixed(2)])], outputs: [],
      hasRowAxis: false),
    ModelSignature(
      inputs: [document("flat"), input("top", .int64, [.any(name: nil)], isOptional: true)],
      outputs: [], hasRowAxis: true,
      metadata: [
        PlainContent.inputKey: "application/json", PlainContent.exampleKey: #"{"rooms": [1]}"#,
      ]),
    ModelSignature(
      inputs: [document("flat"), document("options"), input("mode", .bytes, [.any(name: nil)])],
      outputs: [], hasRowAxis: true,
      metadata: [
        PlainContent.exampleKey: #"{"flat": [1], "options": {"a": null}, "mode": "up"}"#
      ]),
  ]

private func document(_ name: String) -> TensorDescription {
  TensorDescription(
    name: name, datatype: .bytes, dimensions: [.any(name: nil)], holdsDocuments: true)
}

private func described(_ signature: ModelSignature) -> DescribedModel {
  DescribedModel(name: "m", version: 1, signature: signature, task: .tensors)
}

@Suite struct SignatureExampleTests {
  @Test(arguments: signatures.indices)
  func `an example is a request that the model takes`(place: Int) throws {
    let signature = signatures[place]
    let examples = SignatureExamples(described(signature))
    let infer = try #require(examples.infer).bytes
    let request = try infer.withUnsafeBytes { bytes in
      try OpenInferenceRequest.decode(json: bytes, signature: signature)
    }
    #expect(request.body.inputs.count == signature.inputs.count)
    let generate = try #require(examples.generate).bytes
    _ = try generate.withUnsafeBytes { bytes in
      try GenerateRequest.decode(json: bytes, signature: signature, depthMax: 64)
    }
    for body in [examples.instances, examples.inputs] {
      let bytes = try #require(body).bytes
      let read = try bytes.withUnsafeBytes { bytes in
        try PredictReader(.kserve).read(bytes, BodyFacts(signature: signature))
      }
      guard case .tensors(let tensors) = read.content else {
        Issue.record("photos were read")
        continue
      }
      #expect(tensors.inputs[0]?.shape == request.body.inputs[0]?.shape)
    }
  }

  @Test(arguments: signatures.indices.suffix(2))
  func `an example of the model's own is the body of arguments`(place: Int) throws {
    let signature = signatures[place]
    let example = try #require(SignatureExamples(described(signature)).plain)
    #expect(String(decoding: example.bytes, as: UTF8.self).contains("[1]"))
    let read = try example.bytes.withUnsafeBytes { bytes in
      try PlainPredictReader(.predict).read(
        bytes, BodyFacts(signature: signature, contentType: "application/json"))
    }
    guard case .tensors(let tensors) = read.content else {
      Issue.record("photos were read")
      return
    }
    #expect(tensors.inputs[0]?.shape == [1])
  }

  @Test func `documents that nothing is known of have none`() {
    let signature = ModelSignature(inputs: [document("d")], outputs: [], hasRowAxis: true)
    let examples = SignatureExamples(described(signature))
    #expect(examples.infer == nil && examples.plain == nil && examples.instances == nil)
  }

  @Test func `what would be long has none`() {
    let large = ModelSignature(
      inputs: [input("pixels", .float32, [.fixed(3), .fixed(640), .fixed(640)])], outputs: [],
      hasRowAxis: false)
    #expect(SignatureExamples(described(large)).infer == nil)
    #expect(SignatureExamples(described(large)).instances == nil)
  }

  @Test func `a model of photos is asked with one`() throws {
    let picture = ModelSignature(
      inputs: [input("images", .float32, [.fixed(1), .fixed(3), .fixed(640), .fixed(640)])],
      outputs: [], hasRowAxis: false)
    let model = DescribedModel(name: "m", version: 1, signature: picture, task: .detect)
    let body = try #require(SignatureExamples(model).infer).bytes
    let request = try body.withUnsafeBytes { bytes in
      try PhotoTensorReader(jsonByteCount: nil)
        .read(bytes, BodyFacts(signature: picture, takesPhotos: true))
    }
    guard case .photos(let photos, _) = request.content, case .decoded(let photo) = photos[0] else {
      Issue.record("no photo was read")
      return
    }
    #expect(photo.starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }
}

@Suite struct DescriptionSchemaTests {
  @Test func `the schemas that are written out are one JSON object`() throws {
    let bytes = DescriptionDocument(version: "1", text: "").bytes
    let document = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    #expect(document["components"]?["schemas"]?["Infer"]?["required"] == ["inputs"])
  }

  @Test(arguments: [
    (Datatype.float32, 3.4028235677973366e38, 3.402823567797337e38),
    (.float16, 65_519.9, 65_520), (.bfloat16, 3.396e38, 3.3962e38),
  ])
  func `the bounds of numbers are where the reader refuses`(
    datatype: Datatype, last: Double, first: Double
  ) throws {
    guard case .number(let maximum)? = ElementSchemas.element(datatype)["maximum"] else {
      Issue.record("no bound")
      return
    }
    #expect(last <= maximum && maximum < first)
    let signature = ModelSignature(
      inputs: [input("x", datatype, [.fixed(1)])], outputs: [], hasRowAxis: false)
    func read(_ value: Double) throws {
      let tensor: JSONValue = [
        "name": "x", "shape": [1], "datatype": .string(datatype.name), "data": [.number(value)],
      ]
      let body = JSONValue.object([.init("inputs", [tensor])]).bytes
      _ = try body.withUnsafeBytes { bytes in
        try OpenInferenceRequest.decode(json: bytes, signature: signature)
      }
    }
    try read(maximum)
    #expect(throws: InputProblem.self) { try read(first) }
  }
}
