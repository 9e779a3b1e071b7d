package import Inference

/// Triton's `iterative_sequence` backend: `INPUT` INT32 [1] of value n takes n runs, each of which
/// answers how many are left, `OUTPUT` INT32 [1]: n-1 down to 0.
///
/// With `sequence_batching { iterative_sequence: true }` and `decoupled: true` each run's answer leaves;
/// without `decoupled` the last one alone.
package struct IterativeSequenceLoader: ModelLoader {
  package let runtimeName = "iterative_sequence"
  private let declared: DeclaredSignature?

  package init(declared: DeclaredSignature?) { self.declared = declared }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let signature = try DeclaredModel.signature(
      declared, of: runtimeName,
      inputs: [SamplePort(name: "INPUT", datatype: .int32, lengths: [1])],
      outputs: [SamplePort(name: "OUTPUT", datatype: .int32, lengths: [1])])
    return SampleModel(signature, platform: runtimeName, isDecoupled: false) { _ in
      IterativeSequenceInstance(hasRows: signature.hasRowAxis)
    }
  }

  package func leavesNoThread(options: RuntimeOptions) -> Bool { true }
}

private final class IterativeSequenceInstance: ModelInstance {
  private let hasRows: Bool

  init(hasRows: Bool) { self.hasRows = hasRows }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let totals = batch.inputs[0]?.elements(as: Int32.self) ?? []
    for (row, total) in totals.enumerated() {
      let carried = batch.carried.indices.contains(row) ? batch.carried[row].first : nil
      let before = carried?.elements(as: Int32.self).first ?? total
      guard before > 0 else { continue }
      let left = before - 1
      let tensor = Tensor([left], datatype: .int32, shape: hasRows ? [1, 1] : [1])
      emit(.outputs(rows: row..<row + 1, [tensor]))
      if left > 0 { emit(.again(row: row, carrying: [tensor])) }
    }
  }
}
