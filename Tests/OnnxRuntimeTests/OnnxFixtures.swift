import Inference
import OnnxRuntime
import TestSupport
import Testing

/// The models that the tests load: the committed ones, and those beside the repository.
enum OnnxFixtures {
  static func path(_ name: String) -> String { TestFiles.fixture("onnx/\(name).onnx") }

  static func load(
    _ name: String, options: RuntimeOptions = RuntimeOptions()
  ) throws -> any ComputingModel {
    try load(path: path(name), options: options)
  }

  static func load(
    path: String, options: RuntimeOptions = RuntimeOptions()
  ) throws -> any ComputingModel {
    let model = try OnnxLoader().load(.file(path: path), options: options)
    return try #require(model as? any ComputingModel)
  }

  /// A model whose bytes stay in this process for its whole life.
  static func load(embedded bytes: [UInt8]) throws -> any ComputingModel {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    copy.copyBytes(from: bytes)
    let source = ModelSource.embedded(name: "made", StaticBytes(UnsafeRawBufferPointer(copy)))
    return try #require(
      try OnnxLoader().load(source, options: RuntimeOptions()) as? any ComputingModel)
  }

  static var sharedData: String? { TestFiles.sharedData }

  static func sharedModel(_ path: String) throws -> any ComputingModel {
    try load(path: try #require(sharedData) + "/" + path)
  }
}

extension Tensor {
  static func float(_ elements: [Float], _ shape: TensorShape) -> Tensor {
    Tensor(elements, datatype: .float32, shape: shape)
  }

  static func int64(_ elements: [Int64], _ shape: TensorShape) -> Tensor {
    Tensor(elements, datatype: .int64, shape: shape)
  }

  var floats: [Float] { elements(as: Float.self) }
  var int64s: [Int64] { elements(as: Int64.self) }
}

/// Runs one batch on a fresh instance.
func answer(
  _ model: any ComputingModel, _ inputs: [Tensor?], rows: Int = 1,
  memory: any TensorMemory = PooledMemory()
) throws -> [Tensor] {
  let batch = RunBatch(inputs: inputs, rowCount: rows, outputMemory: memory)
  var answers: [Tensor] = []
  try model.makeInstance(stop: StopFlag()).run(batch) { part in
    guard case .outputs(_, let tensors) = part else { return }
    answers = tensors
  }
  return answers
}
