package import Inference

/// Triton's `repeat` backend: one answer for each element of `IN`, each after its `DELAY`; none where
/// there are no elements.
///
/// Inputs `IN` INT32 [-1], `DELAY` UINT32 of the same shape in milliseconds, `WAIT` UINT32 [1]; outputs
/// `OUT` INT32 [1], the element, and `IDX` UINT32 [1], its place. Rows are not taken. An instance makes
/// the answers of one request at a time, so `WAIT`, by which Triton's goes on to the next request while
/// answers are still to come, changes nothing: more instances do.
package struct RepeatLoader: ModelLoader {
  package let runtimeName = "repeat"
  private let declared: DeclaredSignature?

  package init(declared: DeclaredSignature?) { self.declared = declared }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let signature = try DeclaredModel.signature(
      declared, of: runtimeName,
      inputs: [
        SamplePort(name: "IN", datatype: .int32, lengths: [-1]),
        SamplePort(name: "DELAY", datatype: .uint32, lengths: [-1]),
        SamplePort(name: "WAIT", datatype: .uint32, lengths: [1]),
      ],
      outputs: [
        SamplePort(name: "OUT", datatype: .int32, lengths: [1]),
        SamplePort(name: "IDX", datatype: .uint32, lengths: [1]),
      ])
    guard !signature.hasRowAxis else {
      throw RuntimeFault(
        code: .invalidModel, message: "the backend repeat takes no rows: max_batch_size must be 0")
    }
    return SampleModel(signature, platform: runtimeName, isDecoupled: true) {
      RepeatInstance(stop: $0)
    }
  }

  package func leavesNoThread(options: RuntimeOptions) -> Bool { true }
}

private final class RepeatInstance: ModelInstance {
  private let stop: StopFlag

  init(stop: StopFlag) { self.stop = stop }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    guard let values = batch.inputs[0]?.elements(as: Int32.self),
      let delays = batch.inputs[1]?.elements(as: UInt32.self), values.count == delays.count
    else {
      throw RuntimeFault(
        code: .invalidArgument, message: "IN and DELAY must have equally many elements")
    }
    for (place, value) in values.enumerated() {
      try Pause.wait(milliseconds: Int(delays[place]), unless: stop)
      try Pause.check(stop)
      let all = [
        Tensor([value], datatype: .int32, shape: [1]),
        Tensor([UInt32(place)], datatype: .uint32, shape: [1]),
      ]
      emit(.outputs(rows: 0..<1, batch.outputs.isEmpty ? all : batch.outputs.map { all[$0] }))
    }
  }
}
