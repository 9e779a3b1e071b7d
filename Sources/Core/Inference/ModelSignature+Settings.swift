extension ModelSignature {
  /// Beyond it one value stays one, and its request runs alone.
  private static let spreadBytesMax = 1 << 20

  /// The request with a value of each setting for each of its rows, so that it is joined with others and
  /// divided as if it had none.
  package func spread(_ request: TensorRequest) -> TensorRequest {
    guard hasSettings, hasRowAxis, let first = request.inputs.first(where: { $0 != nil }),
      let first, first.shape.rank > 0, first.shape[0] > 1
    else { return request }
    var request = request
    for (place, input) in inputs.enumerated() where input.isSetting {
      guard let tensor = request.inputs[place], tensor.shape.array == [1] else { continue }
      request.inputs[place] = Self.repeated(tensor, first.shape[0]) ?? tensor
    }
    return request
  }

  /// The one element as many times; `nil` where that is too much, or it lies elsewhere.
  private static func repeated(_ tensor: Tensor, _ count: Int) -> Tensor? {
    let (byteCount, overflow) = tensor.byteCount.multipliedReportingOverflow(by: count)
    guard !overflow, byteCount <= spreadBytesMax, let source = tensor.hostBytes,
      let shape = TensorShape([count])
    else { return nil }
    let storage = TensorStorage(byteCount: byteCount)
    if let memory = storage.hostBytesForFilling, source.count > 0 {
      for place in 0..<count {
        UnsafeMutableRawBufferPointer(rebasing: memory[(place * source.count)...])
          .copyMemory(from: source)
      }
    }
    return Tensor(datatype: tensor.datatype, shape: shape, storage: storage)
  }
}
