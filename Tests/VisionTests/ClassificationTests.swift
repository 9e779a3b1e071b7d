import Inference
import PhotoSamples
import Testing

@testable import Vision

@Suite struct ClassificationTests {
  private func classes(
    _ scores: [Float], shape: TensorShape, top: Int = 5
  ) throws -> [Classification] {
    let task = VisionTask.recognise(
      signature: signature(input: [-1, 3, 32, 32], output: [-1, 4]), labels: ["a", "b", "c"])
    let tensor = Tensor(scores, datatype: .float32, shape: shape)
    return try task.classes(in: [NamedTensor(name: "output0", tensor: tensor)], top: top)
  }

  @Test func `probabilities stay as they are`() throws {
    let found = try classes([0.1, 0.2, 0.6, 0.1], shape: [1, 4], top: 2)
    #expect(
      found == [
        Classification(label: "c", classID: 2, score: 0.6),
        Classification(label: "b", classID: 1, score: 0.2),
      ])
  }

  @Test func `other scores become probabilities`() throws {
    let found = try classes([1, 3, 2, 0], shape: [1, 4])
    #expect(found.map(\.classID) == [1, 2, 0, 3])
    #expect(found.last?.label == "class 3")
    #expect(abs(found[0].score - 0.643_914) < 1e-5)
    #expect(abs(found.map(\.score).reduce(0, +) - 1) < 1e-5)
  }

  @Test func `large scores do not overflow, and no number is the least`() throws {
    #expect(try classes([1000, 999, .nan, 0], shape: [4]).map(\.classID).prefix(2) == [0, 1])
    #expect(try classes([-.infinity, .nan, .nan, .nan], shape: [4]).allSatisfy { $0.score == 0 })
    #expect(
      try classes([0, .infinity, 0, 0], shape: [4])[0]
        == Classification(
          label: "b", classID: 1, score: 1))
  }

  @Test func `only the first row of a batch is read`() throws {
    #expect(try classes([0, 1, 0, 0, 1, 0, 0, 0], shape: [2, 4], top: 1)[0].classID == 1)
    #expect(try classes([0, 1, 0, 0], shape: [1, 4, 1, 1], top: 1)[0].classID == 1)
  }

  @Test(.enabled(if: PhotoSamples.hasSharedData, Comment(rawValue: PhotoSamples.absence)))
  func `a photo is prepared for the thousand classes as torchvision does`() throws {
    let task = VisionTask.recognise(
      signature: signature(input: [-1, 3, 224, 224], output: [-1, 1000]))
    let prepared = try PhotoSamples.shared("images/cat.jpg").withUnsafeBytes {
      bytes throws(InferenceFailure) in try task.prepare(photo: bytes)
    }
    let values = try #require(prepared.inputs[0]).elements(as: Float.self)
    let expected = PhotoSamples.array("onnx-classifiers/mobilenetv2-12-qdq-X.npy", of: Float.self)
    let total = zip(values, expected).map { abs($0 - $1) }.reduce(0, +)
    // Within two units of a byte on average, deviation 0.229.
    #expect(total / Float(values.count) < 2 / 255 / 0.229)
  }
}

@Suite struct DetectionParametersTests {
  @Test func `parameters are read from text and from typed values`() throws {
    var parameters = DetectionParameters()
    try parameters.set("confidence", to: "0.5")
    try parameters.set("iou", to: "1")
    try parameters.set("max_detections", to: "3000")
    try parameters.set("multi_label", to: "true")
    #expect(
      parameters.confidence == 0.5 && parameters.iou == 1 && parameters.detectionsMax == 3000
        && parameters.isMultiLabel)
    try parameters.set(Parameter(name: "confidence", value: .number(0.125)))
    try parameters.set(Parameter(name: "iou", value: .integer(0)))
    try parameters.set(Parameter(name: "max_detections", value: .integer(1)))
    try parameters.set(Parameter(name: "multi_label", value: .bool(false)))
    #expect(
      parameters.confidence == 0.125 && parameters.iou == 0 && parameters.detectionsMax == 1
        && !parameters.isMultiLabel)
  }

  @Test(arguments: [
    ("confidence", "1.01"), ("confidence", "-0.1"), ("confidence", "nan"), ("confidence", ""),
    ("iou", "x"), ("iou", "inf"), ("max_detections", "0"), ("max_detections", "3001"),
    ("max_detections", "1.5"), ("multi_label", "yes"), ("confidance", "0.5"),
  ])
  func `a value out of range is refused and nothing is set`(_ name: String, _ text: String) {
    var parameters = DetectionParameters()
    let problem = #expect(throws: InputProblem.self) { try parameters.set(name, to: text) }
    guard case .parameter(name, expected: _, got: text) = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
    #expect(parameters == DetectionParameters())
  }

  @Test func `top is a count of classes`() throws {
    var parameters = ClassificationParameters()
    try parameters.set(Parameter(name: "top", value: .integer(3)))
    #expect(parameters.top == 3)
    #expect(throws: InputProblem.self) { try parameters.set("top", to: "0") }
    #expect(throws: InputProblem.self) { try parameters.set("topmost", to: "1") }
  }
}

@Suite struct ClassNamesTests {
  @Test(arguments: [
    "{0: 'person', 1: \"it's\", 2: 'a \\'b\\''}",
    "{\"0\": \"person\", \"1\": \"it's\", \"2\": \"a 'b'\"}",
    "['person', \"it's\", \"a 'b'\"]", " [ \"person\" ,\"it's\", \"a \\u0027b\\x27\", ] ",
    "{2: \"a 'b'\", 0: 'person', 1: \"it's\",}",
  ])
  func `names are read as Python and JSON write them`(_ text: String) {
    #expect(ClassNames.parse(text) == ["person", "it's", "a 'b'"])
  }

  @Test func `a number left out has an empty name`() {
    #expect(ClassNames.parse("{1: 'b'}") == ["", "b"])
  }

  @Test func `other alphabets stay`() {
    #expect(ClassNames.parse("{0: 'кот', 1: '\\u732b'}") == ["кот", "猫"])
  }

  @Test(arguments: [
    "", "{", "{0", "{0: ", "{0: 'a'", "{0: 'a' 1: 'b'}", "{0: a}", "['a'", "['a' 'b']", "[", "{}",
    "[]", "{-1: 'a'}", "{99999999999999999999: 'a'}", "{1000000000: 'a'}", "'a'", "{0: 'a'} more",
    "['\\u12']", "['\\q']",
  ])
  func `what is no list of names is none`(_ text: String) {
    #expect(ClassNames.parse(text) == nil)
  }
}
