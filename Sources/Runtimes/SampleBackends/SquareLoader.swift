package import Inference

/// Triton's `square` backend: `IN` INT32 [1] of value n gets n answers, `OUT` INT32 [1], each of them n;
/// none where n is 0 or less. With rows, each has its own answers, the rows of a run take turns, and a row
/// is done with its last answer.
package struct SquareLoader: ModelLoader {
  package let runtimeName = "square"
  private let declared: DeclaredSignature?
  private let delayMilliseconds: Int
  private let failureCount: Int

  /// - Parameters:
  ///   - delayMilliseconds: before each answer, 0 or more; Triton's `CUSTOM_INFER_DELAY_NS`.
  ///   - failureCount: so many of the last answers are failures, the first of which ends the request;
  ///     Triton's `CUSTOM_FAIL_COUNT`.
  package init(
    declared: DeclaredSignature?, delayMilliseconds: Int = 0, failureCount: Int = 0
  ) {
    self.declared = declared
    self.delayMilliseconds = delayMilliseconds
    self.failureCount = failureCount
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let signature = try DeclaredModel.signature(
      declared, of: runtimeName,
      inputs: [SamplePort(name: "IN", datatype: .int32, lengths: [1])],
      outputs: [SamplePort(name: "OUT", datatype: .int32, lengths: [1])])
    return SampleModel(signature, platform: runtimeName, isDecoupled: true) {
      [delayMilliseconds, failureCount] stop in
      SquareInstance(
        hasRows: signature.hasRowAxis, delayMilliseconds: delayMilliseconds,
        failureCount: failureCount, stop: stop)
    }
  }

  package func leavesNoThread(options: RuntimeOptions) -> Bool { true }
}

private final class SquareInstance: ModelInstance {
  private let hasRows: Bool
  private let delayMilliseconds: Int
  private let failureCount: Int
  private let stop: StopFlag

  init(hasRows: Bool, delayMilliseconds: Int, failureCount: Int, stop: StopFlag) {
    self.hasRows = hasRows
    self.delayMilliseconds = delayMilliseconds
    self.failureCount = failureCount
    self.stop = stop
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let counts = batch.inputs[0]?.elements(as: Int32.self) ?? []
    let goodCounts = counts.map { max(0, Int($0) - failureCount) }
    for round in 0..<(goodCounts.max() ?? 0) {
      try Pause.wait(milliseconds: delayMilliseconds, unless: stop)
      try Pause.check(stop)
      for (row, count) in counts.enumerated() where round < goodCounts[row] {
        let tensor = Tensor([count], datatype: .int32, shape: hasRows ? [1, 1] : [1])
        emit(.outputs(rows: row..<row + 1, [tensor]))
        if round + 1 == Int(count) { emit(.done(row: row)) }
      }
    }
    for (row, count) in counts.enumerated() where goodCounts[row] < Int(count) {
      emit(
        .failed(row: row, RuntimeFault(code: .failed, message: "it was configured to fail")))
    }
  }
}
