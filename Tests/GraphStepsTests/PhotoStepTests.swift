import GraphSteps
import Imaging
import Inference
import PhotoSamples
import Testing
import Vision

@Suite struct PhotoStepTests {
  private let photo = PhotoSamples.fixture("orientation-6.jpg")

  private func pixels() throws -> Tensor {
    try run(.decode, [:], bytes(photo))[0]
  }

  private func bytes(_ file: [UInt8]) -> Tensor {
    let count = withUnsafeBytes(of: UInt32(file.count).littleEndian) { Array($0) }
    return Tensor(count + file, datatype: .bytes, shape: [1])
  }

  /// A detector of 640 pixels and two classes.
  private var detector: ModelSignature {
    ModelSignature(
      inputs: [
        TensorDescription(
          name: "images", datatype: .float32,
          dimensions: [.fixed(1), .fixed(3), .fixed(640), .fixed(640)])
      ],
      outputs: [
        TensorDescription(
          name: "output0", datatype: .float32, dimensions: [.fixed(1), .fixed(6), .fixed(8400)])
      ], hasRowAxis: false)
  }

  @Test func `decode and letterbox prepare a photo as the vision task does`() throws {
    let pixels = try pixels()
    let made = try run(.letterbox, [:], pixels)
    var options = VisionOptions()
    options.isScaledDecoding = false
    let task = VisionTask.recognise(signature: detector, task: "detect", options: options)
    let expected = try photo.withUnsafeBytes { try task.prepare(photo: $0) }
    #expect(made[0].shape == [1, 3, 640, 640])
    #expect(made[0].floats == expected.inputs[0]?.floats)
    #expect(pixels.shape == [expected.height, expected.width, 3])
  }

  @Test func `suppression finds what the vision task finds, in pixels of the photo`() throws {
    var values = [Float](repeating: 0, count: 6 * 8400)
    for (place, box) in [
      (0, (320, 320, 100, 50)), (1, (322, 320, 100, 50)), (2, (100, 320, 20, 20)),
    ] {
      let (x, y, width, height) = box
      for (row, number) in [x, y, width, height].enumerated() {
        values[row * 8400 + place] = Float(number)
      }
      values[(4 + place / 2) * 8400 + place] = 0.9 - Float(place) / 10
    }
    let output = floats(values, [1, 6, 8400])
    let placed = try run(.letterbox, [:], try pixels())
    let made = try run(.suppression, [:], output, placed[1])
    let task = VisionTask.recognise(signature: detector, task: "detect")
    let prepared = try photo.withUnsafeBytes { try task.prepare(photo: $0) }
    let expected = try task.detections(
      in: [NamedTensor(name: "output0", tensor: output)], of: prepared,
      parameters: DetectionParameters())
    #expect(expected.count == 2)
    #expect(made[0].shape == [2, 4])
    #expect(made[0].floats == expected.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] })
    #expect(made[1].floats == expected.map(\.score))
    #expect(made[2].elements(as: Int64.self) == expected.map { Int64($0.classID) })
    let alone = try run(.suppression, [:], output, nil)
    #expect(alone[0].floats.prefix(4) == [270, 295, 370, 345])
  }

  @Test func `crop cuts each box out of the photo and stretches it to the size`() throws {
    // Left half black, right half white.
    let row = [UInt8](repeating: 0, count: 12) + [UInt8](repeating: 255, count: 12)
    let image = Tensor(row + row + row + row, datatype: .uint8, shape: [4, 8, 3])
    let boxes = floats([0, 0, 4, 4, 4, 0, 8, 4, 100, -5, 200, .nan], [3, 4])
    let settings = ["size": ["2"], "datatype": ["UINT8"], "layout": ["nhwc"]]
    let crops = try run(.crop, settings, image, boxes)[0]
    #expect(crops.shape == [3, 2, 2, 3])
    let elements = crops.elements(as: UInt8.self)
    #expect(elements[0..<12].allSatisfy { $0 == 0 })
    #expect(elements[12..<36].allSatisfy { $0 == 255 })
  }

  @Test func `no box gives no crop`() throws {
    let image = Tensor([UInt8](repeating: 9, count: 12), datatype: .uint8, shape: [2, 2, 3])
    let crops = try run(.crop, ["size": ["2"]], image, floats([], [0, 4]))[0]
    #expect(crops.shape == [0, 3, 2, 2])
  }

  @Test func `what is no photo fails as it does at the vision task`() throws {
    #expect(throws: InferenceFailure.invalidInput(.image(.notAnImage))) {
      try run(.decode, [:], bytes([1, 2, 3]))
    }
  }

  @Test func `a tensor that is not what a step takes is named`() throws {
    let wrong = floats([1, 2], [2])
    for step in [BuiltInStep.letterbox, .resize] {
      #expect(throws: InferenceFailure.self) { try run(step, [:], wrong) }
    }
    #expect(throws: InferenceFailure.self) { try run(.suppression, [:], wrong, wrong) }
  }

  @Test func `pixels of a whole storage are not copied on their way to a crop`() throws {
    let pixels = try pixels()
    #expect(pixels.byteCount == pixels.storage.byteCount)
    let stretched = try run(.resize, ["size": ["16"], "datatype": ["UINT8"]], pixels)
    #expect(stretched[0].shape == [1, 3, 16, 16])
    #expect(stretched[1].floats[4...5] == [0, 0])
  }
}
