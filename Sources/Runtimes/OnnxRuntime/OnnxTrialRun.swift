import Inference

/// One run on zeros at load, of models with map outputs only: the keys are nowhere in what the
/// library says of a model, but they come with every answer. Such models are small classifiers.
struct OnnxTrialRun {
  let session: OnnxSession
  let inputs: [OnnxPort]
  let outputs: [OnnxOutput]

  /// `<output>.keys` for each map output; empty where the model does not run on zeros.
  func keyMetadata() -> [String: String] {
    let places = outputs.indices.filter { outputs[$0].isMap }
    guard !places.isEmpty else { return [:] }
    // A model that refuses zeros is no worse for it: only the keys stay unsaid.
    return (try? keys(at: places)) ?? [:]
  }

  private func keys(at places: [Int]) throws(RuntimeFault) -> [String: String] {
    let run = try OnnxRun(session)
    for port in inputs {
      try run.addInput(
        zeros(for: port.description), named: port.description.name, elementType: port.elementType)
    }
    for place in places { run.addOutput(place) }
    try run.execute(outputCount: places.count)
    var metadata: [String: String] = [:]
    for (index, place) in places.enumerated() {
      let port = outputs[place].port
      let reader = OnnxValueReader(
        session: session, port: port, memory: { TensorStorage(byteCount: $0) })
      metadata["\(port.description.name).keys"] = try reader.keys(of: run.takeOutput(index)).json
    }
    return metadata
  }

  /// One row of zeros, or of empty strings: every open axis gets length 1.
  private func zeros(for input: TensorDescription) -> Tensor {
    let lengths = input.dimensions.map { max(1, $0.metadataLength) }
    let shape = TensorShape(lengths) ?? []
    let byteCount = (shape.elementCount ?? 0) * (input.datatype.elementByteCount ?? 4)
    let storage = TensorStorage(byteCount: byteCount)
    storage.hostBytesForFilling?.initializeMemory(as: UInt8.self, repeating: 0)
    return Tensor(datatype: input.datatype, shape: shape, storage: storage)
  }
}

extension OnnxOutput {
  fileprivate var isMap: Bool {
    switch port.kind {
    case .map, .mapSequence: true
    case .tensor, .tensorSequence: false
    }
  }
}
