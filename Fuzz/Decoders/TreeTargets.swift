import Inference
import Trees

/// A file that is read can be asked, whatever stands in it: every walk ends in a leaf, rounds beyond
/// the last are none, contributions of columns come from the same trees.
func fuzzTrees(_ bytes: UnsafeRawBufferPointer) {
  do throws(RuntimeFault) {
    let model = try TabularModelReader.read(bytes: bytes, name: "model")
    // Columns that are only declared cost a row its memory, and say nothing.
    guard model.featureCount <= 4_096, model.outputCount <= 256 else { return }
    for value in [0, -1.5, 3, .nan, .infinity, -1e300, 1e-40] { ask(model, value) }
  } catch {
    requireSentence(InferenceFailure.runtimeFailed(error))
    require(error.code == .invalidModel, "the file is at fault: \(error.message)")
  }
}

private func ask(_ model: TabularModel, _ value: Double) {
  let row = [Double](repeating: value, count: model.featureCount)
  var results = [Double](repeating: 0, count: model.outputCount)
  var sums = [Double](repeating: 0, count: model.outputCount * (model.featureCount + 1))
  row.withUnsafeBufferPointer { row in
    results.withUnsafeMutableBufferPointer { model.predict(row, into: $0) }
    results.withUnsafeMutableBufferPointer { model.predict(row, rounds: 1..<Int.max, into: $0) }
    guard model.contributionsRefusal == nil, sums.count <= 65_536 else { return }
    sums.withUnsafeMutableBufferPointer { model.contributions(of: row, into: $0) }
  }
}
