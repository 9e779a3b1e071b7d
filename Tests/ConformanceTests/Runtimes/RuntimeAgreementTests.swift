import Inference
import TestSupport
import Testing

/// Real models, computed by both runtimes at f32.
@Suite(
  .serialized,
  .enabled(if: TestFiles.sharedData != nil, "the shared data of real models is not there"))
struct RuntimeAgreementTests {
  @Test(arguments: [
    ("yolo/yolo11n.onnx", [3, 640, 640]), ("yolo/yolo11n-dynbatch.onnx", [3, 640, 640]),
    ("onnx-classifiers/mnist-12.onnx", [1, 28, 28]),
  ])
  func `the two runtimes agree`(_ file: String, _ lengths: [Int]) throws {
    let path = try #require(TestFiles.sharedData) + "/" + file
    let shape = try #require(TensorShape([1] + lengths))
    let count = shape.elementCount ?? 0
    // The photo where it fits, else a pattern.
    let elements: [Float] =
      count == 3 * 640 * 640 ? try photo() : (0..<count).map { Float($0 % 17) }
    let batch = RunBatch(
      inputs: [Tensor(elements, datatype: .float32, shape: shape)], rowCount: 1)
    let answers = try RuntimeUnderTest.computing.map { runtime in
      try outputs(of: runtime.load(path).makeInstance(stop: StopFlag()), for: batch)[0]
    }
    #expect(answers[0].shape == answers[1].shape)
    let worst = zip(
      answers[0].elements(as: Float.self), answers[1].elements(as: Float.self)
    ).reduce(Float(0)) { max($0, abs($1.0 - $1.1) / max(1, abs($1.0))) }
    #expect(worst < 1e-4, "of the value, or of one where that is less")
  }

  /// The letterboxed photo as planes of floats, 0 to 1.
  private func photo() throws -> [Float] {
    let file = try #require(TestFiles.sharedData) + "/yolo/bus-letterbox640-rgb-u8.npy"
    let pixels = try NumpyFile(path: file).content
    let area = 640 * 640
    return (0..<3 * area).map { Float(pixels[$0 % area * 3 + $0 / area]) / 255 }
  }
}
