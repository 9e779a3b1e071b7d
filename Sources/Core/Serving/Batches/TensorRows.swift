import Inference

/// Rows of tensors: cutting them out without a copy, and putting them together with one.
extension Tensor {
  /// Some rows as a tensor over the same bytes, for every datatype; `nil` where the tensor is a
  /// scalar, has fewer rows, or does not hold what its shape says.
  func cut(_ range: Range<Int>) -> Tensor? {
    guard shape.rank > 0, range.lowerBound >= 0, range.upperBound <= shape[0] else { return nil }
    if range == 0..<shape[0] { return self }
    if datatype.elementByteCount != nil { return rows(range) }
    let rowElements = shape[0] == 0 ? 0 : elementCount / shape[0]
    guard let start = byteOffset(ofElement: range.lowerBound * rowElements),
      let end = byteOffset(ofElement: range.upperBound * rowElements)
    else { return nil }
    var part = shape
    part[0] = range.count
    return Tensor(
      datatype: datatype, shape: part, storage: storage, byteOffset: byteOffset + start,
      byteCount: end - start)
  }

  /// Where an element of a `bytes` tensor begins: they have lengths of their own.
  private func byteOffset(ofElement index: Int) -> Int? {
    guard let bytes = hostBytes else { return nil }
    var offset = 0
    for _ in 0..<index {
      guard bytes.count - offset >= 4 else { return nil }
      let length = Int(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      offset += 4 + length
    }
    return offset <= bytes.count ? offset : nil
  }

  /// The rows of all parts, in their order, in memory of their own; `nil` where the parts differ in
  /// more than their row count, or are not on the host.
  static func joined(_ parts: some Collection<Tensor>) -> Tensor? {
    guard let first = parts.first else { return nil }
    if parts.count == 1 { return first }
    guard parts.allSatisfy({ $0.hasRows(like: first) }) else { return nil }
    var shape = first.shape
    shape[0] = parts.reduce(0) { $0 + $1.shape[0] }
    return packed(parts, as: shape, first.datatype)
  }

  /// The bytes of all parts, one behind the other, as one tensor of that shape; `nil` where a part is
  /// not on the host.
  static func packed(
    _ parts: some Collection<Tensor>, as shape: TensorShape, _ datatype: Datatype
  ) -> Tensor? {
    let storage = TensorStorage(byteCount: parts.reduce(0) { $0 + $1.byteCount })
    guard let target = storage.hostBytesForFilling else { return nil }
    var offset = 0
    for part in parts {
      guard let bytes = part.hostBytes else { return nil }
      UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + bytes.count])
        .copyMemory(from: bytes)
      offset += bytes.count
    }
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  private func hasRows(like other: Tensor) -> Bool {
    guard datatype == other.datatype, shape.rank == other.shape.rank, shape.rank > 0 else {
      return false
    }
    for axis in 1..<max(1, shape.rank) where shape[axis] != other.shape[axis] { return false }
    return hostBytes != nil
  }
}
