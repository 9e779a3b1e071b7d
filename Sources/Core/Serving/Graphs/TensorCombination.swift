import Inference

/// Makes one answer of several: of an ensemble's members, and of elements that were asked one by one.
enum TensorCombination {
  /// Whether outputs of that datatype can be combined so.
  static func isPossible(
    _ combination: GraphDescription.Combination, of datatype: Datatype
  ) -> Bool {
    switch combination {
    case .mean, .weighted: datatype == .float32 || datatype == .float64
    case .vote: datatype.elementByteCount != nil
    }
  }

  /// One tensor of equal ones; `nil` where they are not of one shape and datatype, or cannot be
  /// combined so.
  static func combine(
    _ tensors: [Tensor], _ combination: GraphDescription.Combination, weights: [Double]
  ) -> Tensor? {
    guard let first = tensors.first else { return nil }
    if tensors.count == 1 { return first }
    guard isPossible(combination, of: first.datatype), areAlike(tensors) else { return nil }
    let storage = TensorStorage(byteCount: first.byteCount)
    guard let target = storage.hostBytesForFilling else { return nil }
    let sources = tensors.compactMap(\.hostBytes)
    withExtendedLifetime(tensors) {
      switch (combination, first.datatype) {
      case (.vote, _): vote(sources, size: first.datatype.elementByteCount ?? 1, into: target)
      case (_, .float64): mean(sources, weights, of: Double.self, into: target)
      default: mean(sources, weights, of: Float.self, into: target)
      }
    }
    return Tensor(datatype: first.datatype, shape: first.shape, storage: storage)
  }

  /// The elements' tensors along axis 0, which they have (`keepingAxis`) or get.
  static func gather(_ tensors: [Tensor], keepingAxis: Bool) -> Tensor? {
    if keepingAxis { return Tensor.joined(tensors) }
    guard let first = tensors.first, areAlike(tensors) || first.datatype == .bytes,
      tensors.allSatisfy({ $0.shape == first.shape && $0.datatype == first.datatype }),
      let shape = TensorShape([tensors.count] + first.shape.array)
    else { return nil }
    if tensors.count == 1 {
      return Tensor(
        datatype: first.datatype, shape: shape, storage: first.storage,
        byteOffset: first.byteOffset, byteCount: first.byteCount)
    }
    return .packed(tensors, as: shape, first.datatype)
  }

  private static func areAlike(_ tensors: [Tensor]) -> Bool {
    guard let first = tensors.first else { return false }
    return tensors.allSatisfy {
      $0.datatype == first.datatype && $0.shape == first.shape && $0.byteCount == first.byteCount
        && $0.hostBytes != nil
    }
  }

  private static func mean<Number: BinaryFloatingPoint & BitwiseCopyable>(
    _ sources: [UnsafeRawBufferPointer], _ weights: [Double], of type: Number.Type,
    into target: UnsafeMutableRawBufferPointer
  ) {
    let total = weights.reduce(0, +)
    let size = MemoryLayout<Number>.stride
    for offset in stride(from: 0, to: target.count, by: size) {
      var sum = 0.0
      for (source, weight) in zip(sources, weights) {
        sum += Double(source.loadUnaligned(fromByteOffset: offset, as: type)) * weight
      }
      target.storeBytes(of: Number(sum / total), toByteOffset: offset, as: type)
    }
  }

  /// The value that most give; of equals, the one that was given first.
  private static func vote(
    _ sources: [UnsafeRawBufferPointer], size: Int, into target: UnsafeMutableRawBufferPointer
  ) {
    for offset in stride(from: 0, to: target.count, by: size) {
      var best = (source: 0, votes: 0)
      for (place, source) in sources.enumerated() {
        let votes = sources.count { other in
          (0..<size).allSatisfy { source[offset + $0] == other[offset + $0] }
        }
        if votes > best.votes { best = (place, votes) }
      }
      for byte in offset..<offset + size { target[byte] = sources[best.source][byte] }
    }
  }
}
