import Inference
import OpenVino
import TestSupport
import Testing

@Suite(.enabled(if: OpenVinoFixtures.isPresent, OpenVinoFixtures.absence))
struct OpenVinoPrecisionTests {
  @Test func `f32 is exact where the processor's own choice is not`() throws {
    let exact = try difference(at: .f32)
    #expect(exact < 1e-5)
    guard try OpenVinoLibrary.open().capabilities.contains("BF16") else { return }
    #expect(try difference(at: .bf16) > 1e-4)
    #expect(try difference(at: .auto) > 1e-4)
  }

  @Test func `bf16 is refused where the processor has none, and served where it has`() throws {
    let path = "formats/affine.xml"
    let options = RuntimeOptions(precision: .bf16)
    if try OpenVinoLibrary.open().capabilities.contains("BF16") {
      let model = try OpenVinoFixtures.load(path, options: options)
      #expect(try OpenVinoFixtures.answer(model, [1, 2, 3]) == [3, 5, 7])
    } else {
      let fault = #expect(throws: RuntimeFault.self) {
        try OpenVinoFixtures.load(path, options: options)
      }
      #expect(fault?.message.contains("precision bf16 needs a processor") == true)
    }
  }

  @Test(arguments: [
    "formats/affine.xml", "formats/affine.tflite", "formats/affine_saved_model",
    "formats/affine_paddle/inference.pdmodel", "onnx/add-sub.onnx",
  ])
  func `int8 of a model that is not quantised is refused`(_ fixture: String) {
    let fault = #expect(throws: RuntimeFault.self) {
      try OpenVinoFixtures.load(fixture, options: RuntimeOptions(precision: .int8))
    }
    #expect(fault?.code == .invalidModel)
    #expect(fault?.message.contains("is quantised, and this one is not") == true)
  }

  @Test(.enabled(if: TestFiles.sharedData != nil, "the shared data of real models is not there"))
  func `int8 of a quantised file and a file of f16 are served as they are`() throws {
    let data = try #require(TestFiles.sharedData)
    let quantised = try OpenVinoFixtures.load(
      path: data + "/yolo/yolo11n-int8-qdq.onnx", options: RuntimeOptions(precision: .int8))
    #expect(quantised.signature.metadata["task"] == "detect")
    let half = try OpenVinoFixtures.load(path: data + "/yolo/yolo11n-fp16.onnx")
    #expect(half.signature.inputs[0].datatype == .float16)
  }

  /// The largest error of a product of matrices whose numbers bf16 cannot hold.
  private func difference(at precision: RuntimeOptions.Precision) throws -> Float {
    var made = MadeModel.single("Identity", input: [64, 64], output: [64, 64])
    made.nodes = [MadeModel.node("MatMul", ["x", "x"], ["y"])]
    let model = try OpenVinoFixtures.load(
      embedded: made.bytes, options: RuntimeOptions(precision: precision))
    let elements = (0..<4096).map { 1 + Float($0 % 61) / 1000 }
    let batch = RunBatch(
      inputs: [Tensor(elements, datatype: .float32, shape: [64, 64])], rowCount: 1)
    let got = try outputs(of: model.makeInstance(stop: StopFlag()), for: batch)[0]
      .elements(as: Float.self)
    return got.indices.reduce(Float(0)) { worst, place in
      let exact = Self.product(elements, row: place / 64, column: place % 64)
      return max(worst, Float(abs(Double(got[place]) - exact) / exact))
    }
  }

  /// One element of the square of a matrix of 64 x 64.
  private static func product(_ matrix: [Float], row: Int, column: Int) -> Double {
    var sum = 0.0
    for index in 0..<64 {
      sum += Double(matrix[row * 64 + index]) * Double(matrix[index * 64 + column])
    }
    return sum
  }
}
