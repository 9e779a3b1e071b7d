/// The tensors of one request that is traced with them: references, no copies.
package struct TracedTensors: Sendable {
  package let inputs: [NamedTensor]
  package private(set) var outputs: [NamedTensor] = []

  /// More outputs of a request that is answered in parts are left out.
  package static let outputsMax = 64

  package init(inputs: [Tensor?], signature: ModelSignature) {
    self.inputs = zip(signature.inputs, inputs).compactMap { description, tensor in
      tensor.map { NamedTensor(name: description.name, tensor: $0) }
    }
  }

  package mutating func add(_ outputs: [NamedTensor]) {
    self.outputs += outputs.prefix(Self.outputsMax - self.outputs.count)
  }
}
