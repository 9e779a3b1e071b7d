import Foundation
import Inference
import OnnxRuntime
import TestSupport
import Testing

/// Real models against the answers that ONNX Runtime gave elsewhere, called from Python.
@Suite(
  .serialized,
  .enabled(if: OnnxFixtures.sharedData != nil, "the shared data of real models is not there"))
struct OnnxRealModelTests {
  @Test func `YOLO11n gives the numbers that it gives from Python`() throws {
    let output = try answer(try OnnxFixtures.sharedModel("yolo/yolo11n.onnx"), [try photo()])[0]
    let expected = try numpy("yolo/bus-letterbox640-output0.npy")
    #expect(output.shape == expected.shape)
    // Equal bits on the processor that made the file; others round elsewhere. Boxes go to 640.
    #expect(difference(output.floats, expected.floats) < 1e-3)
  }

  @Test func `a photo in a batch has the answer that it has alone`() throws {
    let model = try OnnxFixtures.sharedModel("yolo/yolo11n-dynbatch.onnx")
    #expect(model.signature.hasRowAxis)
    let one = try photo()
    let two = Tensor(
      one.elements(as: UInt8.self) + one.elements(as: UInt8.self), datatype: .float32,
      shape: [2, 3, 640, 640])
    let output = try answer(model, [two], rows: 2)[0]
    let alone = try answer(model, [one])[0]
    for row in 0..<2 {
      #expect(difference(output.rows(row..<row + 1).floats, alone.floats) < 1e-3)
    }
  }

  @Test func `the metadata of YOLO11n has its classes and its task`() throws {
    let metadata = try OnnxFixtures.sharedModel("yolo/yolo11n.onnx").signature.metadata
    #expect(metadata["task"] == "detect")
    #expect(metadata["imgsz"] == "[640, 640]")
    #expect(metadata["names"]?.hasPrefix("{0: 'person'") == true)
  }

  @Test func `half-precision and quantised networks find nearly the same`() throws {
    let expected = try numpy("yolo/bus-letterbox640-output0.npy").floats
    let quantised = try answer(
      try OnnxFixtures.sharedModel("yolo/yolo11n-int8-qdq.onnx"), [try photo()])[0]
    let half = try answer(
      try OnnxFixtures.sharedModel("yolo/yolo11n-fp16.onnx"), [try halfPhoto()])[0]
    #expect(half.datatype == .float16)
    let halves = half.elements(as: Float16.self).map(Float.init)
    for floats in [quantised.floats, halves] {
      #expect(floats.count == expected.count)
      // Of the 80 scores of 8,400 places, which start after the four rows of boxes.
      let scores = 4 * 8400..<84 * 8400
      let mean =
        scores.reduce(Float(0)) { $0 + abs(floats[$1] - expected[$1]) } / Float(scores.count)
      #expect(mean < 1e-3)
    }
  }

  @Test(arguments: [
    ("onnx-classifiers/mnist-12", ["out"], false),
    ("onnx-classifiers/mobilenetv2-12-qdq", ["out"], true),
    ("sklearn-onnx/breast-cancer-scaler-logreg", ["label", "probabilities"], true),
    ("sklearn-onnx/diabetes-gbr", ["variable"], true),
    ("sklearn-onnx/digits-mlp", ["label", "probabilities"], true),
    ("sklearn-onnx/digits-randomforest", ["label", "probabilities"], true),
    ("sklearn-onnx/iris-logreg", ["label", "probabilities"], true),
    ("sklearn-onnx/iris-randomforest", ["label", "probabilities"], true),
  ])
  func `classical models and classifiers give the recorded answers`(
    _ name: String, _ outputs: [String], _ takesRows: Bool
  ) throws {
    let model = try OnnxFixtures.sharedModel("\(name).onnx")
    let input = try numpy("\(name)-X.npy")
    let batches =
      takesRows
      ? [input.rows(0..<input.shape[0])] : (0..<input.shape[0]).map { input.rows($0..<$0 + 1) }
    let answers = try batches.map { batch in
      try answer(model, [batch], rows: batch.shape[0])
    }
    for (place, output) in outputs.enumerated() {
      let expected = try numpy("\(name)-\(output).npy")
      let got = answers.flatMap { numbers($0[place]) }
      let worst = zip(got, numbers(expected)).map { abs($0 - $1) / max(1, abs($1)) }.max()
      #expect(got.count == expected.elementCount)
      #expect(worst ?? 1 < 1e-4, "\(output)")
    }
    let rowCount = batches[0].shape[0]
    try checkModelInstance(model, answers: RunBatch(inputs: [batches[0]], rowCount: rowCount))
  }

  @Test func `a ZipMap of scikit-learn becomes a table with its classes as columns`() throws {
    let name = "sklearn-onnx/iris-logreg-zipmap"
    let model = try OnnxFixtures.sharedModel("\(name).onnx")
    let input = try numpy("\(name)-X.npy")
    let outputs = try answer(model, [input], rows: 32)
    #expect(outputs[0].int64s == (try numpy("\(name)-output_label.npy")).int64s)
    #expect(outputs[1].shape == [32, 3])
    #expect(model.signature.metadata["output_probability.keys"] == "[0,1,2]")
    for row in 0..<32 {
      let chances = outputs[1].rows(row..<row + 1).floats
      let best = chances.indices.max { chances[$0] < chances[$1] }
      #expect(Int64(best ?? -1) == outputs[0].int64s[row])
    }
  }

  @Test func `captions go in as strings`() throws {
    struct Caption: Decodable {
      let text: String
      let label: Int64
      let probabilities: [Float]
    }
    let name = "sklearn-onnx/caption-person-tfidf-logreg"
    let model = try OnnxFixtures.sharedModel("\(name).onnx")
    let data = try bytes(of: shared("\(name)-vectors.json"))
    let captions = try JSONDecoder().decode([Caption].self, from: Data(data))
    let input = Tensor(strings: captions.map(\.text), shape: [captions.count, 1])
    let outputs = try answer(model, [input], rows: captions.count)
    #expect(outputs[0].int64s == captions.map(\.label))
    #expect(difference(outputs[1].floats, captions.flatMap(\.probabilities)) < 1e-5)
  }

  @Test func `a converter that declared one label for all rows is no obstacle`() throws {
    let model = try OnnxFixtures.sharedModel("sklearn-onnx/lightgbm-breast-cancer-binary.onnx")
    let input = try numpy("lightgbm/breast-cancer-binary-X.npy")
    let outputs = try answer(model, [input], rows: 64)
    #expect(outputs[0].shape == [64])
    #expect(!model.signature.hasRowAxis)
    let chances = try numpy("lightgbm/breast-cancer-binary-pred.npy")
    let second = (0..<64).map { Double(outputs[1].floats[$0 * 2 + 1]) }
    #expect(zip(second, numbers(chances)).allSatisfy { abs($0 - $1) < 1e-3 })
  }

  @Test func `several threads compute within the rounding of one`() throws {
    let model = try OnnxFixtures.load(
      path: try shared("yolo/yolo11n.onnx"), options: RuntimeOptions(threadCount: 2))
    let expected = try numpy("yolo/bus-letterbox640-output0.npy").floats
    #expect(difference(try answer(model, [try photo()])[0].floats, expected) < 1e-3)
  }

  private func shared(_ path: String) throws -> String {
    try #require(OnnxFixtures.sharedData) + "/" + path
  }

  private func numpy(_ path: String) throws -> Tensor {
    try NumpyFile(path: try shared(path)).tensor
  }

  /// The letterboxed photo as planes of floats, 0 to 1.
  private func photo() throws -> Tensor { .float(try planes(), [1, 3, 640, 640]) }

  private func halfPhoto() throws -> Tensor {
    Tensor(try planes().map(Float16.init), datatype: .float16, shape: [1, 3, 640, 640])
  }

  private func planes() throws -> [Float] {
    let pixels = try numpy("yolo/bus-letterbox640-rgb-u8.npy").elements(as: UInt8.self)
    let area = 640 * 640
    return (0..<3 * area).map { Float(pixels[$0 % area * 3 + $0 / area]) / 255 }
  }

  private func numbers(_ tensor: Tensor) -> [Double] {
    switch tensor.datatype {
    case .int64: tensor.int64s.map(Double.init)
    case .float64: tensor.elements(as: Double.self)
    case .int32: tensor.elements(as: Int32.self).map(Double.init)
    default: tensor.floats.map(Double.init)
    }
  }

  private func difference(_ left: [Float], _ right: [Float]) -> Float {
    guard left.count == right.count else { return .infinity }
    return zip(left, right).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
  }
}
