import Inference

/// Joins the answers for parts of a table into one, in order.
enum TensorJoin {
  /// Outputs of equal name along axis 0; those that have no rows to join, scalars, are of the last
  /// part.
  static func rows(of parts: [[NamedTensor]]) -> [NamedTensor] {
    guard parts.count > 1, let first = parts.first else { return parts.first ?? [] }
    return first.indices.compactMap { index in
      joined(parts.compactMap { index < $0.count ? $0[index] : nil })
    }
  }

  private static func joined(_ tensors: [NamedTensor]) -> NamedTensor? {
    guard let first = tensors.first, let last = tensors.last else { return nil }
    guard first.tensor.shape.rank > 0 else { return last }
    var shape = first.tensor.shape
    shape[0] = tensors.reduce(0) { $0 + $1.tensor.shape[0] }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tensors.reduce(0) { $0 + $1.tensor.byteCount })
    for part in tensors {
      bytes.append(contentsOf: part.tensor.hostBytes ?? .init(start: nil, count: 0))
    }
    return NamedTensor(
      name: first.name,
      tensor: Tensor(bytes, datatype: first.tensor.datatype, shape: shape))
  }
}
