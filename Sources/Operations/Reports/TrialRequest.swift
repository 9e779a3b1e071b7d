package import Inference

/// A request that any model can be asked, to see whether it answers: zeros and empty strings.
package enum TrialRequest {
  /// Inputs as the signature declares them, 1 where any length goes; `nil` where one would need more
  /// than `byteCountMax` bytes.
  package static func zeros(
    for signature: ModelSignature, byteCountMax: Int = 1 << 30
  ) -> TensorRequest? {
    var inputs: [Tensor?] = []
    for input in signature.inputs {
      guard !input.isOptional else {
        inputs.append(nil)
        continue
      }
      guard let shape = shape(of: input), let count = shape.elementCount else { return nil }
      // An empty string is its length, four bytes of zero, and nothing else.
      let (byteCount, overflow) = count.multipliedReportingOverflow(
        by: input.datatype.elementByteCount ?? 4)
      guard !overflow, byteCount <= byteCountMax else { return nil }
      let storage = TensorStorage(byteCount: byteCount)
      storage.hostBytesForFilling?.initializeMemory(as: UInt8.self, repeating: 0)
      inputs.append(Tensor(datatype: input.datatype, shape: shape, storage: storage))
    }
    return TensorRequest(inputs: inputs)
  }

  private static func shape(of input: TensorDescription) -> TensorShape? {
    if input.isShapeless { return [1] }
    return TensorShape(
      input.dimensions.map {
        switch $0 {
        case .fixed(let length): length
        case .any: 1
        }
      })
  }
}
