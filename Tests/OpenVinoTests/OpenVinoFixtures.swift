import Inference
import OpenVino
import TestSupport
import Testing

/// The models that the tests load, and how.
enum OpenVinoFixtures {
  static let isPresent = (try? OpenVinoLibrary.open()) != nil
  static let absence: Comment = "OpenVINO is not here: run scripts/bootstrap run"

  static func load(
    _ fixture: String, options: RuntimeOptions = RuntimeOptions(),
    cache: CompiledModelCache? = nil
  ) throws -> any ComputingModel {
    try load(path: TestFiles.fixture(fixture), options: options, cache: cache)
  }

  static func load(
    path: String, options: RuntimeOptions = RuntimeOptions(), cache: CompiledModelCache? = nil
  ) throws -> any ComputingModel {
    let model = try OpenVinoLoader(cache: cache).load(.file(path: path), options: options)
    return try #require(model as? any ComputingModel)
  }

  /// A model whose bytes stay in this process for its whole life.
  static func load(
    embedded bytes: [UInt8], options: RuntimeOptions = RuntimeOptions()
  ) throws -> any ComputingModel {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    copy.copyBytes(from: bytes)
    let source = ModelSource.embedded(name: "made", StaticBytes(UnsafeRawBufferPointer(copy)))
    return try #require(
      try OpenVinoLoader().load(source, options: options) as? any ComputingModel)
  }

  /// y = 2 x + 1 of a row.
  static func answer(_ model: any ComputingModel, _ row: [Float]) throws -> [Float] {
    let batch = RunBatch(
      inputs: [Tensor(row, datatype: .float32, shape: [1, row.count])], rowCount: 1)
    return try outputs(of: model.makeInstance(stop: StopFlag()), for: batch)[0]
      .elements(as: Float.self)
  }
}
