import Inference

/// A compiled ensemble as a pipeline asks for it.
struct CompiledSums: EnsembleSums {
  private let ensemble: CompiledEnsemble
  private let input: TreeEnsemble.Precision
  private let sum: TreeEnsemble.Precision

  init(_ ensemble: TreeEnsemble) throws(RuntimeFault) {
    self.ensemble = try CompiledEnsemble(ensemble)
    input = ensemble.inputPrecision
    sum = ensemble.sum.precision
  }

  var byteCount: Int { ensemble.byteCount }

  func makeCaller() -> any EnsembleCaller {
    switch (input, sum) {
    case (.float, .float): CompiledCaller<Float, Float>(ensemble)
    case (.float, .double): CompiledCaller<Float, Double>(ensemble)
    case (.double, .float): CompiledCaller<Double, Float>(ensemble)
    case (.double, .double): CompiledCaller<Double, Double>(ensemble)
    }
  }
}

/// One caller of it, with a scratch of its own.
private final class CompiledCaller<Input: TreeScalar, Margin: TreeScalar>: EnsembleCaller {
  private let ensemble: CompiledEnsemble
  private let scratch: TreeScratch

  init(_ ensemble: CompiledEnsemble) {
    self.ensemble = ensemble
    scratch = ensemble.makeScratch()
  }

  func margins(of rows: UnsafeRawPointer, rowCount: Int, into sums: UnsafeMutableRawPointer) {
    let (inputs, outputs) = (rowCount * ensemble.featureCount, rowCount * ensemble.outputCount)
    ensemble.margins(
      of: UnsafeBufferPointer(
        start: rows.bindMemory(to: Input.self, capacity: inputs), count: inputs),
      rowCount: rowCount,
      into: UnsafeMutableBufferPointer(
        start: sums.bindMemory(to: Margin.self, capacity: outputs), count: outputs),
      scratch: scratch)
  }
}
