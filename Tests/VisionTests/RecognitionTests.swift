import Imaging
import Inference
import PhotoSamples
import Testing

@testable import Vision

@Suite struct RecognitionTests {
  private func kind(
    _ signature: ModelSignature, labels: [String] = [], task: String? = nil
  ) -> VisionTask.Kind {
    VisionTask.recognise(signature: signature, labels: labels, task: task).kind
  }

  @Test(arguments: [
    [1, 84, 8400], [1, 85, 8400], [1, 25200, 85], [1, 8400, 85], [1, 300, 6], [1, 5, 8400],
    [-1, 84, 8400], [-1, 25200, 6],
  ])
  func `a detector is recognised by its shapes alone`(_ output: [Int]) {
    #expect(kind(signature(output: output)) == .detect)
  }

  @Test func `sizes left open are those of the metadata`() throws {
    let task = VisionTask.recognise(
      signature: signature(
        input: [-1, 3, -1, -1], output: [-1, 84, -1],
        metadata: ["task": "detect", "imgsz": "[320, 416]", "names": cocoNames]))
    #expect(task.kind == .detect)
    #expect(task.input?.shape == [1, 3, 320, 416])
    #expect(task.label(of: 5) == "bus" && task.label(of: 6) == "class 6")
  }

  @Test func `sizes that nothing tells are 640`() {
    let task = VisionTask.recognise(
      signature: signature(input: [-1, 3, -1, -1], output: [-1, -1, -1]), task: "detect")
    #expect(task.input?.shape == [1, 3, 640, 640])
  }

  @Test(arguments: ["segment", "pose", "obb"])
  func `another vision task is refused by name`(_ name: String) {
    let task = VisionTask.recognise(
      signature: signature(output: [1, 84, 8400], metadata: ["task": name]))
    #expect(task.kind == .refused(task: name))
    #expect(throws: InferenceFailure.unsupported(.task("detect", modelTask: name))) {
      try task.require(.detect)
    }
  }

  @Test func `masks beside the boxes mean segmentation`() {
    #expect(
      kind(signature(output: [1, 116, 8400], more: [[1, 32, 160, 160]]))
        == .refused(task: "segment"))
  }

  @Test func `a classifier is refused where detection is asked`() {
    let task = VisionTask.recognise(signature: signature(input: [-1, 1, 8, 8], output: [-1, 10]))
    #expect(throws: InferenceFailure.unsupported(.task("detect", modelTask: "classify"))) {
      try task.require(.detect)
    }
  }

  @Test(arguments: [[-1, 10], [10], [1, 10, 1, 1], [-1, -1]])
  func `a row of scores from a photo is a classification`(_ output: [Int]) {
    #expect(kind(signature(input: [-1, 1, 8, 8], output: output)) == .classify)
  }

  @Test func `models that take no photo have no task`() {
    #expect(kind(signature(input: [-1, 4], output: [-1, 3])) == .none)
    #expect(kind(signature(input: [-1, 5, 64, 64], output: [-1, 3])) == .none)
    #expect(kind(signature(output: [-1, 1])) == .none)
    #expect(kind(signature(output: [1, 197, 768])) == .none)
  }

  @Test func `the operator's task comes first`() {
    let model = signature(output: [1, 7, 33], metadata: ["task": "segment"])
    #expect(kind(model, task: "detect") == .detect)
    #expect(kind(signature(output: [1, 84, 8400]), task: "pose") == .refused(task: "pose"))
  }

  @Test func `the operator's labels come first`() {
    let task = VisionTask.recognise(
      signature: signature(output: [1, 6, 8400], metadata: ["names": "['a', 'b']"]),
      labels: ["x", "y"])
    #expect(task.label(of: 0) == "x")
  }

  @Test func `a model of the thousand classes gets their normalisation, unless it says otherwise`()
  {
    let model = signature(input: [-1, 3, 224, 224], output: [-1, 1000])
    let input = VisionTask.recognise(signature: model).input
    #expect(input?.form.mean == [0.485, 0.456, 0.406])
    #expect(input?.placing == .centreCrop(fraction: 0.875))
    let declared = signature(
      input: [-1, 3, 224, 224], output: [-1, 1000], metadata: ["task": "classify"])
    #expect(VisionTask.recognise(signature: declared).input?.form.mean == [0, 0, 0])
    var options = VisionOptions()
    options.mean = [0.5]
    options.deviation = [0.25]
    let set = VisionTask.recognise(signature: model, options: options).input
    #expect(set?.form.mean == [0.5, 0.5, 0.5] && set?.form.deviation == [0.25, 0.25, 0.25])
  }

  @Test func `channels may come last`() {
    let task = VisionTask.recognise(
      signature: signature(input: [1, 320, 320, 3], output: [1, 84, 2100]))
    #expect(task.kind == .detect)
    #expect(task.input?.form.layout == .interleaved)
    #expect(task.input?.shape == [1, 320, 320, 3])
  }

  @Test func `a model of fixed batch gets its photo in the first row, the rest black`() throws {
    let task = VisionTask.recognise(signature: signature(input: [2, 1, 8, 8], output: [2, 10]))
    let prepared = try PhotoSamples.fixture("rgb8.png").withUnsafeBytes {
      bytes throws(InferenceFailure) in try task.prepare(photo: bytes)
    }
    let tensor = try #require(prepared.inputs[0])
    #expect(tensor.shape == [2, 1, 8, 8])
    let values = tensor.elements(as: Float.self)
    #expect(values[..<64].allSatisfy { $0 > 0 } && values[64...].allSatisfy { $0 == 0 })
  }

  @Test func `an optional input is left out`() throws {
    let model = ModelSignature(
      inputs: [
        TensorDescription(
          name: "extra", datatype: .float32, dimensions: [.fixed(1)], isOptional: true),
        TensorDescription(
          name: "x", datatype: .uint8, dimensions: [1, 3, 16, 16].map { .fixed($0) }),
      ],
      outputs: [
        TensorDescription(name: "y", datatype: .float32, dimensions: [.fixed(1), .fixed(10)])
      ], hasRowAxis: false)
    let task = VisionTask.recognise(signature: model)
    #expect(task.kind == .classify && task.outputs == [0])
    let prepared = try PhotoSamples.fixture("colour-420.jpg").withUnsafeBytes {
      bytes throws(InferenceFailure) in try task.prepare(photo: bytes)
    }
    #expect(prepared.inputs.count == 2 && prepared.inputs[0] == nil)
    #expect(prepared.inputs[1]?.datatype == .uint8)
  }

  @Test func `a bad photo is the client's fault, one too large is too large`() {
    let task = VisionTask.recognise(signature: signature(output: [1, 84, 8400]))
    #expect(throws: InferenceFailure.invalidInput(.image(.notAnImage))) {
      try Array("no".utf8).withUnsafeBytes { bytes throws(InferenceFailure) in
        try task.prepare(photo: bytes)
      }
    }
    var bomb = PhotoSamples.fixture("rgb8.png")
    bomb.replaceSubrange(16..<24, with: [0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50])
    #expect(
      throws: InferenceFailure.tooLarge(
        .image(width: 50_000, height: 50_000, pixelsMax: 100_000_000))
    ) {
      try bomb.withUnsafeBytes { bytes throws(InferenceFailure) in
        try task.prepare(photo: bytes)
      }
    }
  }
}

@Suite struct LayoutTests {
  private func layout(_ a: Int?, _ b: Int?, classes: Int? = nil, side: Int = 640)
    -> DetectionLayout?
  {
    DetectionLayout(
      DetectionLayout.Evidence(
        a: a, b: b, classCount: classes, inputWidth: side, inputHeight: side))
  }

  @Test func `names tell which axis holds the features`() {
    #expect(layout(84, 8400, classes: 80) == .featuresFirst(classCount: 80))
    #expect(layout(25200, 85, classes: 80) == .placesFirst(classCount: 80, hasObjectness: true))
    #expect(layout(8400, 84, classes: 80) == .placesFirst(classCount: 80, hasObjectness: false))
    #expect(layout(300, 6, classes: 80) == .endToEnd)
    #expect(layout(90, 21, classes: 86) == .featuresFirst(classCount: 86))
  }

  @Test func `one class and two classes are told apart from end-to-end`() {
    #expect(layout(25200, 6, classes: 1) == .placesFirst(classCount: 1, hasObjectness: true))
    #expect(layout(25200, 6) == .placesFirst(classCount: 1, hasObjectness: true))
    #expect(layout(1575, 6, side: 160) == .placesFirst(classCount: 1, hasObjectness: true))
    #expect(layout(300, 6, classes: 1) == .endToEnd)
    #expect(layout(300, 6) == .endToEnd)
    #expect(layout(6, 8400, classes: 2) == .featuresFirst(classCount: 2))
    #expect(layout(5, 8400, classes: 1) == .featuresFirst(classCount: 1))
  }

  @Test func `without names the grids tell, and then the shorter axis`() {
    #expect(layout(84, 8400) == .featuresFirst(classCount: 80))
    #expect(layout(104, 21, side: 32) == .featuresFirst(classCount: 100))
    #expect(layout(7, 64, side: 64) == .featuresFirst(classCount: 3))
    #expect(layout(64, 8, side: 64) == .placesFirst(classCount: 3, hasObjectness: true))
    #expect(layout(nil, 85) == .placesFirst(classCount: 80, hasObjectness: true))
    #expect(layout(84, nil) == .featuresFirst(classCount: 80))
    #expect(layout(nil, nil) == nil)
    #expect(layout(3, 900) == nil)
  }
}
