import Inference
import TestSupport
import Testing
import Trees

/// The cases of every runtime on models of trees, each in a form of file of its own.
@Suite struct TreesConformanceTests {
  /// A few rows, one value of which is missing.
  private static func rows<Number: BinaryFloatingPoint & BitwiseCopyable>(
    _ count: Int, width: Int, _ datatype: Datatype, _: Number.Type
  ) -> Tensor {
    var values = (0..<count * width).map { Number($0 * 7 % 23) / 4 }
    values[width + 1] = .nan
    guard let shape = TensorShape([count, width]) else { preconditionFailure("no shape") }
    return Tensor(values, datatype: datatype, shape: shape)
  }

  private static func batch(_ file: String, rows count: Int) -> RunBatch {
    let input =
      switch file {
      case "diabetes.txt": rows(count, width: 10, .float64, Double.self)
      case "cancer.ubj": rows(count, width: 6, .float32, Float.self)
      default: rows(count, width: 4, .float32, Float.self)
      }
    return RunBatch(inputs: [input], rowCount: count)
  }

  private static func load(
    _ file: String, forest: ForestParameters? = nil
  ) throws -> any ComputingModel {
    try #require(
      try TreesLoader(forest: forest).load(
        .file(path: TestFiles.fixture("tabular/" + file)), options: RuntimeOptions())
        as? any ComputingModel)
  }

  private static let files = ["iris-classifier.json", "cancer.ubj", "diabetes.txt"]

  @Test(arguments: files)
  func `a model of trees keeps the rules of every instance`(_ file: String) throws {
    try checkModelInstance(Self.load(file), answers: Self.batch(file, rows: 3))
  }

  @Test(arguments: [(false, false), (true, false), (false, true)])
  func `so does one with the names of Triton's backend`(
    _ givesProbabilities: Bool, _ givesClass: Bool
  ) throws {
    let parameters = ForestParameters(
      givesProbabilities: givesProbabilities, givesClass: givesClass, threshold: 0.25)
    for file in Self.files {
      let model = try Self.load(file, forest: parameters)
      #expect(model.signature.outputs[0].name == "output__0")
      try checkModelInstance(model, answers: Self.batch(file, rows: 3))
    }
  }

  @Test(arguments: files)
  func `a row has the same bits alone and among thousands`(_ file: String) throws {
    let model = try Self.load(file)
    #expect(model.capabilities.isBatchInvariant)
    let instance = try model.makeInstance(stop: StopFlag())
    var batch = Self.batch(file, rows: 2_500)
    batch.outputs = Array(model.signature.outputs.indices)
    let together = try outputs(of: instance, for: batch)
    let input = try #require(batch.inputs[0])
    for row in [0, 1, 1_023, 1_024, 2_499] {
      var alone = batch
      alone.inputs = [input.rows(row..<row + 1)]
      alone.rowCount = 1
      for (one, all) in zip(try outputs(of: instance, for: alone), together) {
        #expect(one.elements(as: UInt8.self) == all.rows(row..<row + 1).elements(as: UInt8.self))
      }
    }
  }
}
