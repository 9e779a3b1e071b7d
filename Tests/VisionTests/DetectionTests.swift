import Imaging
import Inference
import PhotoSamples
import Testing

@testable import Vision

let cocoNames = """
  {0: 'person', 1: 'bicycle', 2: 'car', 3: 'motorcycle', 4: 'airplane', 5: 'bus'}
  """

/// A model that takes a photo and gives one output.
func signature(
  input: [Int] = [1, 3, 640, 640], output: [Int], datatype: Datatype = .float32,
  metadata: [String: String] = [:], more: [[Int]] = []
) -> ModelSignature {
  func description(_ name: String, _ lengths: [Int]) -> TensorDescription {
    TensorDescription(
      name: name, datatype: datatype,
      dimensions: lengths.map { $0 < 0 ? .any(name: nil) : .fixed($0) })
  }
  return ModelSignature(
    inputs: [description("images", input)],
    outputs: [description("output0", output)]
      + more.enumerated().map { description("output\($0.offset + 1)", $0.element) },
    hasRowAxis: true, metadata: metadata)
}

func photo(width: Int, height: Int, input: Int = 640) -> PreparedPhoto {
  PreparedPhoto(
    inputs: [],
    letterbox: .fitting(width: width, height: height, inputWidth: input, inputHeight: input))
}

@Suite(.enabled(if: PhotoSamples.hasSharedData, Comment(rawValue: PhotoSamples.absence)))
struct BusDetectionTests {
  /// yolo/expected.json for yolo11n.onnx.
  private static let expected: [(classID: Int, score: Float, box: [Float])] = [
    (5, 0.93662, [23.95, 228.66, 798.51, 733.4]), (0, 0.90109, [48.28, 399.85, 243.47, 904.69]),
    (0, 0.84237, [669.77, 394.59, 809.91, 880.0]), (0, 0.82179, [221.52, 403.8, 344.95, 859.48]),
    (0, 0.47766, [0.43, 555.34, 63.28, 871.28]),
  ]

  private func output() -> Tensor {
    Tensor(
      PhotoSamples.array("yolo/bus-letterbox640-output0.npy", of: Float.self), datatype: .float32,
      shape: [1, 84, 8400])
  }

  @Test func `detections of the bus are those expected`() throws {
    let task = VisionTask.recognise(signature: signature(output: [1, 84, 8400]))
    #expect(task.kind == .detect)
    let detections = try task.detections(
      in: [NamedTensor(name: "output0", tensor: output())], of: photo(width: 810, height: 1080),
      parameters: DetectionParameters())
    #expect(detections.count == Self.expected.count)
    for (found, expected) in zip(detections, Self.expected) {
      #expect(found.classID == expected.classID)
      #expect(abs(found.score - expected.score) < 0.0001)
      let box = [found.box.x1, found.box.y1, found.box.x2, found.box.y2]
      for (coordinate, wanted) in zip(box, expected.box) {
        #expect(abs(coordinate - wanted) < 0.02)
      }
    }
  }

  @Test func `halves give the same detections`() throws {
    let halves = Tensor(
      output().elements(as: Float.self).map(Float16.init), datatype: .float16,
      shape: [1, 84, 8400])
    let task = VisionTask.recognise(
      signature: signature(output: [1, 84, 8400], datatype: .float16))
    let detections = try task.detections(
      in: [NamedTensor(name: "output0", tensor: halves)], of: photo(width: 810, height: 1080),
      parameters: DetectionParameters())
    #expect(detections.map(\.classID) == Self.expected.map(\.classID))
  }

  @Test func `the bus is prepared as the model was fed`() throws {
    let task = VisionTask.recognise(signature: signature(output: [1, 84, 8400]))
    let file = PhotoSamples.shared("images/bus.jpg")
    let prepared = try file.withUnsafeBytes { bytes throws(InferenceFailure) in
      try task.prepare(photo: bytes)
    }
    #expect(prepared.width == 810 && prepared.height == 1080)
    let tensor = try #require(prepared.inputs[0])
    #expect(tensor.shape == [1, 3, 640, 640] && tensor.datatype == .float32)
    let values = tensor.elements(as: Float.self)
    let expected = PhotoSamples.array("yolo/bus-letterbox640-rgb-u8.npy", of: UInt8.self)
    var largest: Float = 0
    for pixel in 0..<640 * 640 {
      for channel in 0..<3 {
        let wanted = Float(expected[pixel * 3 + channel]) / 255
        largest = max(largest, abs(values[channel * 640 * 640 + pixel] - wanted))
      }
    }
    #expect(largest <= 1.001 / 255)
  }

  @Test func `the annotated bus is a photo of the same size with the boxes drawn`() throws {
    let task = VisionTask.recognise(signature: signature(output: [1, 84, 8400]))
    let file = PhotoSamples.shared("images/bus.jpg")
    let detection = Detection(
      label: "bus", classID: 5, score: 0.94, box: Box(x1: 100, y1: 300, x2: 700, y2: 800))
    let jpeg = try file.withUnsafeBytes { bytes throws(InferenceFailure) in
      try task.annotated(photo: bytes, detections: [detection])
    }
    let changes = try jpeg.withUnsafeBytes { drawn in
      try file.withUnsafeBytes { original in
        let after = try EncodedImage(drawn).decoded()
        let before = try EncodedImage(original).decoded()
        #expect(after.width == 810 && after.height == 1080)
        func change(x: Int, y: Int) -> Int {
          (0..<3).map {
            abs(
              Int(after.bytes[(y * 810 + x) * 3 + $0]) - Int(before.bytes[(y * 810 + x) * 3 + $0]))
          }.reduce(0, +)
        }
        return (edge: change(x: 101, y: 600), inside: change(x: 400, y: 600))
      }
    }
    #expect(changes.edge > 100 && changes.inside < 40)
  }
}

@Suite struct DetectionTests {
  private let parameters = DetectionParameters()

  /// One place of YOLOv8's layout: a box of 64 by 32 at the middle of a 640 input, class 1.
  private func featuresFirst(score: Float) -> Tensor {
    var values = [Float](repeating: 0, count: 6 * 8400)
    for (row, value) in [320, 320, 64, 32, 0.1, score].enumerated() {
      values[row * 8400 + 4000] = Float(value)
    }
    return Tensor(values, datatype: .float32, shape: [1, 6, 8400])
  }

  private let expectedBox = Box(x1: 288, y1: 304, x2: 352, y2: 336)

  private func detections(
    _ tensor: Tensor, _ parameters: DetectionParameters? = nil, names: String? = nil
  ) throws -> [Detection] {
    var metadata = ["task": "detect"]
    metadata["names"] = names
    let task = VisionTask.recognise(
      signature: signature(output: tensor.shape.array, metadata: metadata))
    return try task.detections(
      in: [NamedTensor(name: "output0", tensor: tensor)], of: photo(width: 640, height: 640),
      parameters: parameters ?? self.parameters)
  }

  @Test func `a box of features first is found`() throws {
    let found = try detections(featuresFirst(score: 0.75), names: "['cat', 'dog']")
    #expect(found == [Detection(label: "dog", classID: 1, score: 0.75, box: expectedBox)])
  }

  @Test func `a box of places first has its class score multiplied by the objectness`() throws {
    var values = [Float](repeating: 0, count: 25200 * 8)
    values.replaceSubrange(8 * 123..<8 * 124, with: [320, 320, 64, 32, 0.5, 0.25, 1, 0.75])
    let found = try detections(Tensor(values, datatype: .float32, shape: [1, 25200, 8]))
    #expect(found == [Detection(label: "class 1", classID: 1, score: 0.5, box: expectedBox)])
  }

  @Test func `a transposed export without objectness is read by its names`() throws {
    var values = [Float](repeating: 0, count: 8400 * 7)
    values.replaceSubrange(7 * 123..<7 * 124, with: [320, 320, 64, 32, 0.25, 0.75, 0])
    let found = try detections(
      Tensor(values, datatype: .float32, shape: [1, 8400, 7]), names: "['a', 'b', 'c']")
    #expect(found == [Detection(label: "b", classID: 1, score: 0.75, box: expectedBox)])
  }

  @Test func `an end-to-end answer is taken as it is, overlaps and all`() throws {
    var values = [Float](repeating: 0, count: 300 * 6)
    values.replaceSubrange(0..<6, with: [288, 304, 352, 336, 0.5, 7])
    values.replaceSubrange(6..<12, with: [288, 304, 352, 336, 0.75, 7])
    let found = try detections(Tensor(values, datatype: .float32, shape: [1, 300, 6]))
    #expect(found.map(\.score) == [0.75, 0.5])
    #expect(found.allSatisfy { $0.box == expectedBox && $0.label == "class 7" })
  }

  @Test func `an answer of no rows has no detections`() throws {
    let task = VisionTask.recognise(
      signature: signature(output: [1, -1, 6], metadata: ["task": "detect"]))
    let empty = Tensor([Float](), datatype: .float32, shape: [1, 0, 6])
    #expect(
      try task.detections(
        in: [NamedTensor(name: "output0", tensor: empty)], of: photo(width: 9, height: 9),
        parameters: parameters
      ).isEmpty)
  }

  @Test func `a box is mapped back to the photo and cut at its edges`() throws {
    let task = VisionTask.recognise(signature: signature(output: [1, 6, 8400]))
    var values = [Float](repeating: 0, count: 6 * 8400)
    for (row, value) in [620, 320, 100, 200, 0, 0.75].enumerated() {
      values[row * 8400] = Float(value)
    }
    let tensor = Tensor(values, datatype: .float32, shape: [1, 6, 8400])
    let found = try task.detections(
      in: [NamedTensor(name: "output0", tensor: tensor)], of: photo(width: 1280, height: 640),
      parameters: parameters)
    // Scaled by 1/2, moved down by 160.
    #expect(found.map(\.box) == [Box(x1: 1140, y1: 120, x2: 1280, y2: 520)])
  }

  @Test func `a score at the confidence is no detection`() throws {
    #expect(try detections(featuresFirst(score: 0.25)).isEmpty)
    #expect(try detections(featuresFirst(score: 0.2501)).count == 1)
  }

  @Test func `with multi_label every class above the confidence counts`() throws {
    var multi = DetectionParameters()
    multi.isMultiLabel = true
    multi.confidence = 0.05
    let found = try detections(featuresFirst(score: 0.75), multi)
    #expect(found.map(\.classID) == [1, 0])
    #expect(found.map(\.score) == [0.75, 0.1])
  }

  @Test func `numbers that are none give no detection`() throws {
    #expect(try detections(featuresFirst(score: .nan)).isEmpty)
    #expect(try detections(featuresFirst(score: .infinity)).isEmpty)
    var values = featuresFirst(score: 0.9).elements(as: Float.self)
    values[4000] = .nan
    #expect(
      try detections(Tensor(values, datatype: .float32, shape: [1, 6, 8400])).isEmpty)
  }

  @Test func `an output of another datatype or name is the model's fault`() {
    let task = VisionTask.recognise(signature: signature(output: [1, 6, 8400]))
    let integers = Tensor([Int32](repeating: 0, count: 6), datatype: .int32, shape: [1, 1, 6])
    for name in ["output0", "another"] {
      let failure = #expect(throws: InferenceFailure.self) {
        try task.detections(
          in: [NamedTensor(name: name, tensor: integers)], of: photo(width: 9, height: 9),
          parameters: parameters)
      }
      guard case .runtimeFailed = failure else {
        Issue.record("\(String(describing: failure))")
        continue
      }
    }
  }
}

@Suite struct SuppressionTests {
  private func candidate(_ x: Float, _ score: Float, classID: Int = 0) -> Candidate {
    Candidate(box: Box(x1: x, y1: 0, x2: x + 10, y2: 10), classID: classID, score: score)
  }

  @Test func `of two boxes of one class that overlap the lower score goes`() {
    let kept = Suppression.kept(
      [candidate(1, 0.5), candidate(0, 0.9)], iou: 0.45, countMax: 10)
    #expect(kept.map(\.score) == [0.9])
  }

  @Test func `boxes of different classes both stay`() {
    let kept = Suppression.kept(
      [candidate(0, 0.5, classID: 1), candidate(0, 0.9)], iou: 0.45, countMax: 10)
    #expect(kept.map(\.score) == [0.9, 0.5])
  }

  @Test func `an overlap of just the bound stays`() {
    // 5 of 15 in common.
    let pair = [candidate(0, 0.9), candidate(5, 0.5)]
    #expect(Suppression.kept(pair, iou: 1 / 3, countMax: 10).count == 2)
    #expect(Suppression.kept(pair, iou: 0.333, countMax: 10).count == 1)
  }

  @Test func `no more than the limit are kept, of equal scores the first`() {
    let many = (0..<50).map { candidate(Float($0) * 100, $0 < 2 ? 0.9 : 0.5) }
    let kept = Suppression.kept(many, iou: 0.45, countMax: 3)
    #expect(kept.map(\.box.x1) == [0, 100, 200])
    #expect(Suppression.sorted(many, countMax: 2).map(\.box.x1) == [0, 100])
  }

  @Test func `it agrees with the plain definition on random boxes`() {
    var state: UInt64 = 7
    func random() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40) / Float(1 << 24)
    }
    let candidates = (0..<400).map { _ in
      let (x, y) = (random() * 60, random() * 60)
      return Candidate(
        box: Box(x1: x, y1: y, x2: x + 5 + random() * 20, y2: y + 5 + random() * 20),
        classID: Int(random() * 3), score: random())
    }
    var left = candidates.sorted { $0.score > $1.score }
    var expected: [Float] = []
    while let best = left.first {
      expected.append(best.score)
      left = left.dropFirst().filter { $0.classID != best.classID || iou($0.box, best.box) <= 0.5 }
    }
    #expect(Suppression.kept(candidates, iou: 0.5, countMax: 1000).map(\.score) == expected)
  }

  private func iou(_ a: Box, _ b: Box) -> Float {
    let width = max(0, min(a.x2, b.x2) - max(a.x1, b.x1))
    let height = max(0, min(a.y2, b.y2) - max(a.y1, b.y1))
    let areas = (a.x2 - a.x1) * (a.y2 - a.y1) + (b.x2 - b.x1) * (b.y2 - b.y1)
    return width * height / (areas - width * height)
  }
}
