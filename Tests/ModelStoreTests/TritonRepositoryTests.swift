import Batching
import Foundation
import Inference
import ModelStore
import Testing

/// A repository as one lies on a Triton server's disk, with real models.
@Suite struct TritonRepositoryTests {
  static let shared: String? = {
    let path =
      ProcessInfo.processInfo.environment["APUS_SHARED_DATA"]
      ?? URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../shared/data").path
    return FileManager.default.fileExists(atPath: "\(path)/yolo/yolo11n-dynbatch.onnx")
      ? path : nil
  }()

  static let models = [
    ("yolo", "1/model.onnx", "yolo/yolo11n-dynbatch.onnx"),
    ("mobilenet", "3/model.onnx", "onnx-classifiers/mobilenetv2-12-qdq.onnx"),
    ("mnist", "1/model.onnx", "onnx-classifiers/mnist-12.onnx"),
    ("iris", "1/model.onnx", "sklearn-onnx/iris-randomforest.onnx"),
  ]

  static let configurations = [
    "yolo/config.pbtxt": """
    name: "yolo"
    backend: "onnxruntime"
    max_batch_size: 8
    input [ { name: "images" data_type: TYPE_FP32 dims: [ 3, 640, 640 ] } ]
    output [ { name: "output0" data_type: TYPE_FP32 dims: [ 84, 8400 ] } ]
    dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 2000 }
    instance_group [ { count: 1 kind: KIND_GPU } ]
    """,
    "mobilenet/config.pbtxt": "platform: \"onnxruntime_onnx\"\ndynamic_batching { }\n",
    "mnist/config.pbtxt": """
    input { name: "Input3" data_type: TYPE_FP32 dims: 784 reshape { shape: [1, 1, 28, 28] } }
    output { name: "Plus214_Output_0" data_type: TYPE_FP32 dims: [1, 10] }
    max_batch_size: 0
    """,
  ]

  @Test(.enabled(if: shared != nil, "the shared test data is not here"))
  func `a repository with and without configurations is planned as it lies`() throws {
    let shared = try #require(Self.shared)
    let tree = try Tree(Self.configurations)
    for (name, place, source) in Self.models {
      let folder = (place as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(
        atPath: tree["\(name)/\(folder)"], withIntermediateDirectories: true)
      try tree.link("\(name)/\(place)", to: "\(shared)/\(source)")
    }
    let plans = try ModelPlans.find([tree.path], settings: settings())
    #expect(
      plans.map { "\($0.name) \($0.version)" } == ["iris 1", "mnist 1", "mobilenet 3", "yolo 1"])
    #expect(plans[0].declared == nil && plans[0].scheduling.batching == BatchingPolicy())
    #expect(plans[1].declared?.inputs.first?.modelDimensions == [1, 1, 28, 28])
    #expect(plans[2].scheduling.batching.rowsMax == 4 && plans[2].declared == nil)
    #expect(plans[3].scheduling.batching.preferredRowCounts == [4, 8])
    #expect(plans[3].warnings.count == 1)
  }
}
