/// An array of elements of one datatype: a shape over a range of bytes in shared storage.
///
/// Row-major and little-endian. A value: copying or slicing it copies no element.
package struct Tensor: Sendable {
  package let datatype: Datatype
  package let shape: TensorShape
  package let storage: TensorStorage
  /// First byte of this tensor in `storage`.
  package let byteOffset: Int
  /// Bytes of this tensor; for `bytes` tensors including the length prefixes.
  package let byteCount: Int

  /// A tensor over a range of `storage`. Traps where the range lies outside or, for datatypes of
  /// fixed element size, does not hold exactly the shape's elements: the decoder has checked that.
  package init(
    datatype: Datatype, shape: TensorShape, storage: TensorStorage, byteOffset: Int = 0,
    byteCount: Int? = nil
  ) {
    let count = byteCount ?? storage.byteCount - byteOffset
    precondition(byteOffset >= 0 && count >= 0 && byteOffset + count <= storage.byteCount)
    if let size = datatype.elementByteCount {
      precondition(shape.elementCount.map { $0 * size } == count, "bytes do not fit the shape")
    }
    self.datatype = datatype
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    self.byteCount = count
  }

  /// The bytes on the host, or `nil` where the storage is on a device. Valid while `storage` lives.
  @inline(__always)
  package var hostBytes: UnsafeRawBufferPointer? {
    guard let all = storage.hostBytes else { return nil }
    return UnsafeRawBufferPointer(rebasing: all[byteOffset..<byteOffset + byteCount])
  }

  /// Elements in the tensor.
  package var elementCount: Int { shape.elementCount ?? 0 }

  /// Some rows (indices of axis 0) as a tensor over the same bytes.
  ///
  /// For fixed-size datatypes of rank 1 or more; traps otherwise.
  package func rows(_ range: Range<Int>) -> Tensor {
    guard let size = datatype.elementByteCount, shape.rank > 0 else {
      preconditionFailure("rows of \(datatype) \(shape)")
    }
    precondition(range.lowerBound >= 0 && range.upperBound <= shape[0])
    var part = shape
    part[0] = range.count
    let rowBytes = shape[0] == 0 ? 0 : elementCount / shape[0] * size
    return Tensor(
      datatype: datatype, shape: part, storage: storage,
      byteOffset: byteOffset + range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
  }
}

extension Tensor {
  /// A tensor that holds a copy of `elements`; for tests, settings and small answers.
  package init<Element: BitwiseCopyable>(
    _ elements: [Element], datatype: Datatype, shape: TensorShape
  ) {
    let storage = TensorStorage(byteCount: elements.count * MemoryLayout<Element>.stride)
    elements.withUnsafeBytes { source in
      if source.count > 0 { storage.hostBytesForFilling?.copyMemory(from: source) }
    }
    self.init(datatype: datatype, shape: shape, storage: storage)
  }

  /// A `bytes` tensor of these strings.
  package init(strings: [String], shape: TensorShape) {
    var encoded: [UInt8] = []
    for string in strings {
      let utf8 = Array(string.utf8)
      withUnsafeBytes(of: UInt32(utf8.count).littleEndian) { encoded.append(contentsOf: $0) }
      encoded.append(contentsOf: utf8)
    }
    self.init(encoded, datatype: .bytes, shape: shape)
  }

  /// Copies the elements out; empty where the storage is on a device. The caller names the type
  /// that fits the datatype.
  package func elements<Element: BitwiseCopyable>(as type: Element.Type) -> [Element] {
    guard let bytes = hostBytes else { return [] }
    return (0..<bytes.count / MemoryLayout<Element>.stride).map {
      bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Element>.stride, as: type)
    }
  }

  /// Calls `body` with each element of a `bytes` tensor, in order, and answers how many there were,
  /// or `nil` where a length reaches beyond the end.
  package func forEachByteString(_ body: (UnsafeRawBufferPointer) -> Void) -> Int? {
    guard let bytes = hostBytes else { return nil }
    var offset = 0
    var count = 0
    while offset < bytes.count {
      guard bytes.count - offset >= 4 else { return nil }
      let length = Int(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      offset += 4
      guard length <= bytes.count - offset else { return nil }
      body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
      offset += length
      count += 1
    }
    return count
  }

  /// The elements of a `bytes` tensor as strings, ill-formed UTF-8 repaired; for slow paths.
  package var strings: [String] {
    var all: [String] = []
    _ = forEachByteString { all.append(String(decoding: $0, as: UTF8.self)) }
    return all
  }
}

/// A tensor under the name by which the model's signature knows it.
package struct NamedTensor: Sendable {
  package let name: String
  package let tensor: Tensor

  package init(name: String, tensor: Tensor) {
    self.name = name
    self.tensor = tensor
  }
}
