import Glibc
import Inference
import Testing

@testable import Trees

/// The ONNX files of the shared test data, with what ONNX Runtime or the library answered.
@Suite(
  .enabled(
    if: SharedModels.folder != nil,
    "the shared test data is not here; set APUS_SHARED_DATA to its folder"))
struct SharedModelTests {
  @Test(arguments: [
    ("breast-cancer-scaler-logreg", Tolerance.logistic), ("diabetes-gbr", .none),
    ("digits-mlp", .rounding), ("digits-randomforest", .none), ("iris-logreg", .none),
    ("iris-randomforest", .none),
  ])
  func `answers as ONNX Runtime did`(name: String, tolerance: Tolerance) throws {
    let pipeline = try SharedModels.pipeline("sklearn-onnx/\(name)")
    let inputs = [NamedTensor(name: "X", tensor: try SharedModels.array("sklearn-onnx/\(name)-X"))]
    let own = try answers(pipeline, inputs).tensors
    for (port, own) in zip(pipeline.signature.outputs, own) {
      try requireEqual(
        own, try SharedModels.array("sklearn-onnx/\(name)-\(port.name)"), within: tolerance, name)
    }
  }

  @Test func `a map's scores are a table with its keys beside it`() throws {
    let name = "sklearn-onnx/iris-logreg-zipmap"
    let pipeline = try SharedModels.pipeline(name)
    let inputs = [NamedTensor(name: "X", tensor: try SharedModels.array("\(name)-X"))]
    let own = try answers(pipeline, inputs).tensors
    try requireEqual(
      own[0], try SharedModels.array("\(name)-output_label"), within: .none, "labels")
    try requireEqual(
      own[1], try SharedModels.array("sklearn-onnx/iris-logreg-probabilities"), within: .none,
      "scores")
    #expect(pipeline.signature.metadata["output_probability.keys"] == "[0,1,2]")
  }

  /// The vectors are the library's own, from which the converted files differ by as much.
  @Test(arguments: [
    ("xgboost-breast-cancer-binary", "xgboost/breast-cancer-binary", 2, 2e-7),
    ("xgboost-digits-multiclass", "xgboost/digits-multiclass", 10, 3e-7),
    ("lightgbm-breast-cancer-binary", "lightgbm/breast-cancer-binary", 2, 2e-4),
  ])
  func `answers as the library that trained it`(
    name: String, library: String, classCount: Int, apart: Double
  ) throws {
    let pipeline = try SharedModels.pipeline("sklearn-onnx/\(name)")
    let inputs = [NamedTensor(name: "X", tensor: try SharedModels.array("\(library)-X"))]
    let scores = try answers(pipeline, inputs).tensors[1].elements(as: Float.self).map(Double.init)
    let tensor = try SharedModels.array("\(library)-pred")
    let expected =
      tensor.datatype == .float32
      ? tensor.elements(as: Float.self).map(Double.init) : tensor.elements(as: Double.self)
    let own =
      classCount > 2
      ? scores : stride(from: 1, to: scores.count, by: 2).map { scores[$0] }
    try #require(own.count == expected.count)
    for (own, expected) in zip(own, expected) { #expect(abs(own - expected) <= apart) }
  }

  @Test func `text features are left to ONNX Runtime`() throws {
    let path = "\(try #require(SharedModels.folder))/sklearn-onnx/caption-person-tfidf-logreg.onnx"
    #expect(try TabularPipelineFileTests.read(OnnxFixture.contents(path)) == nil)
  }
}

enum SharedModels {
  /// `data` of the shared folder, or `nil` where there is none.
  static let folder: String? = {
    let repository = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
    let folder =
      getenv("APUS_SHARED_DATA").map { String(cString: $0) } ?? "\(repository)/../shared/data"
    return access("\(folder)/README.md", R_OK) == 0 ? folder : nil
  }()

  static func pipeline(_ name: String) throws -> TabularPipeline {
    let folder = try #require(folder)
    return try OnnxFixture.pipeline(OnnxFixture.contents("\(folder)/\(name).onnx"), name)
  }

  /// A NumPy file of version 1 in C order.
  static func array(_ name: String) throws -> Tensor {
    let bytes = try OnnxFixture.contents("\(try #require(folder))/\(name).npy")
    let headerEnd = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    let header = String(decoding: bytes[10..<headerEnd], as: UTF8.self)
    let datatypes: [(String, Datatype)] = [
      ("'<f4'", .float32), ("'<f8'", .float64), ("'<i8'", .int64),
    ]
    let datatype = try #require(datatypes.first { header.contains($0.0) }?.1)
    let lengths = header.split(separator: "(")[1].split(separator: ")")[0].split(separator: ",")
    let shape = try #require(
      TensorShape(lengths.compactMap { Int($0.filter { $0.isNumber }) }))
    return Tensor(Array(bytes[headerEnd...]), datatype: datatype, shape: shape)
  }
}
