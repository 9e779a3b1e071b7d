import Inference

extension Tensor {
  /// A tensor of one value; `nil` for datatypes without a fixed element size.
  static func filled(with value: Double, datatype: Datatype, shape: TensorShape) -> Tensor? {
    guard let size = datatype.elementByteCount, let count = shape.elementCount,
      let element = datatype.bytes(of: value)
    else { return nil }
    let storage = TensorStorage(byteCount: count * size)
    storage.hostBytesForFilling?.fill(with: element)
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  /// The same elements at the start of axes that are longer, the rest filled; axis 0 stays.
  func padded(to target: TensorShape, with value: Double) -> Tensor? {
    var target = target
    target[0] = shape[0]
    if target == shape { return self }
    guard let larger = Tensor.filled(with: value, datatype: datatype, shape: target) else {
      return nil
    }
    copyBlocks(from: self, into: larger, lengths: shape)
    return larger
  }

  /// The elements at the start of axes that are shorter; a copy.
  func cutBack(to target: TensorShape) -> Tensor? {
    guard let size = datatype.elementByteCount, let count = target.elementCount else { return nil }
    let smaller = Tensor(
      datatype: datatype, shape: target, storage: TensorStorage(byteCount: count * size))
    copyBlocks(from: self, into: smaller, lengths: target)
    return smaller
  }
}

/// Copies the block of these lengths at the start of all axes.
private func copyBlocks(from source: Tensor, into target: Tensor, lengths: TensorShape) {
  guard let size = source.datatype.elementByteCount, let bytes = source.hostBytes,
    let memory = target.storage.hostBytesForFilling, lengths.rank > 0,
    let from = bytes.baseAddress, let to = memory.baseAddress, lengths.elementCount ?? 0 > 0
  else { return }
  let runLength = lengths[lengths.rank - 1] * size
  var place = TensorShape(Array(repeating: 0, count: lengths.rank)) ?? []
  while true {
    (to + target.shape.offset(of: place) * size).copyMemory(
      from: from + source.shape.offset(of: place) * size, byteCount: runLength)
    guard lengths.advance(&place) else { return }
  }
}

extension TensorShape {
  /// Elements before the one at `place`, row-major.
  fileprivate func offset(of place: TensorShape) -> Int {
    (0..<rank).reduce(0) { $0 * self[$1] + place[$1] }
  }

  /// The next place on all axes but the innermost; false behind the last.
  fileprivate func advance(_ place: inout TensorShape) -> Bool {
    for axis in (0..<max(0, rank - 1)).reversed() {
      if place[axis] + 1 < self[axis] {
        place[axis] += 1
        return true
      }
      place[axis] = 0
    }
    return false
  }
}

extension Datatype {
  /// One element of that value, little-endian; integers are cut to their range.
  fileprivate func bytes(of value: Double) -> [UInt8]? {
    func encoded<Element: BitwiseCopyable>(_ element: Element) -> [UInt8] {
      withUnsafeBytes(of: element) { Array($0) }
    }
    return switch self {
    case .bool: [value == 0 ? 0 : 1]
    case .uint8: encoded(UInt8(clamping: whole(value)))
    case .uint16: encoded(UInt16(clamping: whole(value)))
    case .uint32: encoded(UInt32(clamping: whole(value)))
    case .uint64: encoded(UInt64(clamping: whole(value)))
    case .int8: encoded(Int8(clamping: whole(value)))
    case .int16: encoded(Int16(clamping: whole(value)))
    case .int32: encoded(Int32(clamping: whole(value)))
    case .int64: encoded(whole(value))
    case .float16: encoded(Float16(value))
    case .float32: encoded(Float(value))
    case .float64: encoded(value)
    // The upper half of a single; padding values that need rounding do not occur.
    case .bfloat16: encoded(UInt16(Float(value).bitPattern >> 16))
    case .bytes: nil
    }
  }

  private func whole(_ value: Double) -> Int64 {
    Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
  }
}

extension UnsafeMutableRawBufferPointer {
  /// Repeats `element` over the whole of the memory.
  fileprivate func fill(with element: [UInt8]) {
    guard let base = baseAddress, count > 0 else { return }
    if element.allSatisfy({ $0 == element.first }), let byte = element.first {
      initializeMemory(as: UInt8.self, repeating: byte)
      return
    }
    for offset in stride(from: 0, to: count, by: element.count) {
      (base + offset).copyMemory(from: element, byteCount: element.count)
    }
  }
}
