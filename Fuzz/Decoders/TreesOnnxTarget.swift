import Inference

@testable import Trees

/// What is read as a pipeline answers rows of odd numbers with what its signature says, and every
/// refusal has a reason.
func fuzzTreesOnnx(_ bytes: UnsafeRawBufferPointer) {
  do throws(RuntimeFault) {
    guard let pipeline = try TabularPipelineReader.read(bytes: bytes, name: "a file") else {
      return
    }
    answer(pipeline)
  } catch {
    require(
      error.code == .invalidModel && error.message.hasPrefix("a file cannot be read: "),
      "a reason: \(error.message)")
  }
}

private let rowCount = 3

private func answer(_ pipeline: TabularPipeline) {
  let signature = pipeline.signature
  let batch = RunBatch(
    inputs: signature.inputs.map(rows), rowCount: signature.hasRowAxis ? rowCount : 1)
  do throws(RuntimeFault) {
    var answered = 0
    try pipeline.makeInstance(stop: StopFlag()).run(batch) { part in
      switch part {
      case .outputs(let rows, let tensors):
        answered += rows.count
        let isDeclared = zip(tensors, signature.outputs).allSatisfy { $0.datatype == $1.datatype }
        require(isDeclared && tensors.count == signature.outputs.count, "all outputs")
      case .failed: answered += 1
      case .again, .done: require(false, "no such part")
      }
    }
    require(answered == batch.rowCount, "an answer for each row")
  } catch {
    require(!signature.hasRowAxis && !error.message.isEmpty, "a run fails for its rows' sake only")
  }
}

/// Some rows for an input: zeros, ones and what is no number, or strings of one letter.
private func rows(_ input: TensorDescription) -> Tensor {
  var shape = TensorShape()
  for dimension in input.dimensions { _ = shape.append(max(dimension.metadataLength, 0)) }
  shape[0] = rowCount
  let count = shape.elementCount ?? 0
  if input.datatype == .bytes {
    return Tensor(strings: (0..<count).map { $0 % 2 == 0 ? "a" : "" }, shape: shape)
  }
  let storage = TensorStorage(byteCount: count * (input.datatype.elementByteCount ?? 0))
  storage.hostBytesForFilling?.indices.forEach { place in
    storage.hostBytesForFilling?[place] = [0, 1, 0xff][place / 8 % 3]
  }
  return Tensor(datatype: input.datatype, shape: shape, storage: storage)
}
