package import Inference

/// Writes a `ModelInferRequest` as a client sends it: tensors as raw contents, all outputs wanted.
package enum InferRequestMessage {
  /// - Parameters:
  ///   - version: empty for the one that the server chooses.
  ///   - inputs: on the host.
  package static func encode(
    model: String, version: String, inputs: [NamedTensor]
  ) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: model)
    if !version.isEmpty { output.append(field: 2, text: version) }
    for input in inputs { output.append(field: 5, bytes: described(input)) }
    for input in inputs {
      output.append(
        field: 7, bytes: input.tensor.hostBytes ?? UnsafeRawBufferPointer(start: nil, count: 0))
    }
    return output.bytes
  }

  private static func described(_ input: NamedTensor) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: input.name)
    output.append(field: 2, text: input.tensor.datatype.name)
    let shape = input.tensor.shape
    if shape.rank > 0 {
      var lengths = ProtobufBytes()
      for length in shape.array { lengths.append(varint: UInt64(length)) }
      output.append(field: 3, bytes: lengths.bytes)
    }
    return output.bytes
  }
}
