import Inference
import Trees

/// A file that is read can be asked, whatever stands in it: every walk ends in a leaf, rounds beyond
/// the last are none, contributions of columns come from the same trees, and the compiled form of
/// the trees, on every variant that this processor has, answers the same bits.
func fuzzTrees(_ bytes: UnsafeRawBufferPointer) {
  do throws(RuntimeFault) {
    let model = try TabularModelReader.read(bytes: bytes, name: "model")
    // Columns that are only declared cost a row its memory, and say nothing.
    guard model.featureCount <= 4_096, model.outputCount <= 256 else { return }
    let compiled = compiled(model)
    for value in [0, -1.5, 3, .nan, .infinity, -1e300, 1e-40] {
      ask(model, value)
      for ensemble in compiled { compare(ensemble, with: model, value) }
    }
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

/// What is not compiled is refused, and walked instead.
private func compiled(_ model: TabularModel) -> [CompiledEnsemble] {
  guard case .trees(let ensemble) = model.predictor else { return [] }
  return TreeVariant.allCases.filter(\.isHere).compactMap { variant in
    do throws(RuntimeFault) { return try CompiledEnsemble(ensemble, variant: variant) } catch {
      requireSentence(InferenceFailure.runtimeFailed(error))
      return nil
    }
  }
}

private func compare(_ compiled: CompiledEnsemble, with model: TabularModel, _ value: Double) {
  guard case .trees(let ensemble) = model.predictor else { return }
  let row = [Double](repeating: value, count: model.featureCount)
  var walked = [Double](repeating: 0, count: model.outputCount)
  var found = walked
  row.withUnsafeBufferPointer { row in
    walked.withUnsafeMutableBufferPointer { TreeWalk(ensemble).margins(of: row, into: $0) }
    found.withUnsafeMutableBufferPointer {
      compiled.margins(of: row, rowCount: 1, into: $0, scratch: compiled.makeScratch())
    }
  }
  let isSame = zip(found, walked).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
  require(isSame, "\(compiled.variant) gives \(found), a walk \(walked)")
}
