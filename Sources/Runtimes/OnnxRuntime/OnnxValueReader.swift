import COnnxRuntime
import Inference

/// Turns one value of the library into the tensor that the signature declares for it.
struct OnnxValueReader {
  let session: OnnxSession
  let port: OnnxPort
  /// Memory of that many bytes for this output; asked for at most once.
  let memory: (Int) -> TensorStorage

  private var api: UnsafePointer<OnnxRuntimeTable> { session.api }

  func tensor(of value: OnnxValue) throws(RuntimeFault) -> Tensor {
    switch port.kind {
    case .tensor where port.description.datatype == .bytes: try strings(of: value)
    case .tensor: try view(of: value)
    case .tensorSequence: try stacked(elements(of: value))
    case .map: try rows(of: [value], isSequence: false).tensor
    case .mapSequence: try rows(of: elements(of: value), isSequence: true).tensor
    }
  }

  /// The keys of a map output, in the order of its columns.
  func keys(of value: OnnxValue) throws(RuntimeFault) -> OnnxMapKeys {
    switch port.kind {
    case .map: try rows(of: [value], isSequence: false).keys
    case .mapSequence: try rows(of: elements(of: value), isSequence: true).keys
    case .tensor, .tensorSequence: .none
    }
  }

  /// The range of an input that this value is, where the model hands an input through: the library
  /// then refers to the request's memory without keeping it alive, so the tensor must.
  func alias(of value: OnnxValue, among inputs: [Tensor?]) throws(RuntimeFault) -> Tensor? {
    guard case .tensor = port.kind, port.description.datatype != .bytes else { return nil }
    let bytes = try bytes(of: value)
    guard bytes.byteCount > 0, let base = bytes.base else { return nil }
    for case let input? in inputs {
      guard let lent = input.storage.hostBytes, let start = lent.baseAddress,
        base >= start, base < start + lent.count
      else { continue }
      return Tensor(
        datatype: port.description.datatype, shape: bytes.shape, storage: input.storage,
        byteOffset: base - start, byteCount: bytes.byteCount)
    }
    return nil
  }

  /// A tensor over the library's own memory, which lives as long as the tensor does.
  private func view(of value: OnnxValue) throws(RuntimeFault) -> Tensor {
    let bytes = try bytes(of: value)
    let buffer = UnsafeMutableRawBufferPointer(
      start: bytes.byteCount == 0 ? nil : UnsafeMutableRawPointer(mutating: bytes.base),
      count: bytes.byteCount)
    return Tensor(
      datatype: port.description.datatype, shape: bytes.shape,
      storage: TensorStorage(bytes: buffer, keptBy: value))
  }

  private struct ValueBytes {
    let base: UnsafeRawPointer?
    let byteCount: Int
    let shape: TensorShape
  }

  private func bytes(of value: OnnxValue) throws(RuntimeFault) -> ValueBytes {
    let (shape, type) = try shape(of: value)
    guard let size = port.description.datatype.elementByteCount, type == port.elementType,
      let count = shape.elementCount
    else { throw unexpected("a tensor of element type \(type) of ONNX") }
    var base: UnsafeMutableRawPointer?
    try api.check(api.pointee.GetTensorMutableData(value.handle, &base))
    return ValueBytes(base: base, byteCount: count * size, shape: shape)
  }

  private func shape(
    of value: OnnxValue
  ) throws(RuntimeFault) -> (TensorShape, elementType: Int32) {
    let tensor = try api.make { api.pointee.GetTensorTypeAndShape(value.handle, &$0) }
    defer { api.pointee.ReleaseTensorTypeAndShapeInfo(tensor) }
    var type: Int32 = 0
    try api.check(api.pointee.GetTensorElementType(tensor, &type))
    var rank = 0
    try api.check(api.pointee.GetDimensionsCount(tensor, &rank))
    var lengths = [Int64](repeating: 0, count: rank)
    try api.check(api.pointee.GetDimensions(tensor, &lengths, rank))
    guard let shape = TensorShape(lengths.map(Int.init)) else {
      throw unexpected("a tensor of rank \(rank)")
    }
    return (shape, type)
  }

  private func unexpected(_ what: String) -> RuntimeFault {
    RuntimeFault(
      code: .failed,
      message: "output '\(port.description.name)' came as \(what), which cannot be answered")
  }
}

// MARK: - Strings

extension OnnxValueReader {
  private func strings(of value: OnnxValue) throws(RuntimeFault) -> Tensor {
    let shape = try shape(of: value).0
    let storage = memory(try encodedByteCount(of: value, shape: shape))
    if let bytes = storage.hostBytesForFilling {
      try encode(value, count: shape.elementCount ?? 0, into: bytes)
    }
    return Tensor(datatype: .bytes, shape: shape, storage: storage)
  }

  private func encodedByteCount(
    of value: OnnxValue, shape: TensorShape
  ) throws(RuntimeFault) -> Int {
    var byteCount = 0
    try api.check(api.pointee.GetStringTensorDataLength(value.handle, &byteCount))
    return byteCount + 4 * (shape.elementCount ?? 0)
  }

  /// Writes each string after its length, straight from the library.
  private func encode(
    _ value: OnnxValue, count: Int, into bytes: UnsafeMutableRawBufferPointer
  ) throws(RuntimeFault) {
    var offset = 0
    for index in 0..<count {
      var length = 0
      try api.check(api.pointee.GetStringTensorElementLength(value.handle, index, &length))
      guard let prefix = UInt32(exactly: length) else {
        throw unexpected("a string of \(length) bytes")
      }
      bytes.storeBytes(of: prefix.littleEndian, toByteOffset: offset, as: UInt32.self)
      offset += 4
      guard length > 0, let base = bytes.baseAddress else { continue }
      try api.check(
        api.pointee.GetStringTensorElement(value.handle, length, index, base + offset))
      offset += length
    }
  }
}

// MARK: - Sequences and maps

extension OnnxValueReader {
  private func elements(of value: OnnxValue) throws(RuntimeFault) -> [OnnxValue] {
    var count = 0
    try api.check(api.pointee.GetValueCount(value.handle, &count))
    var elements: [OnnxValue] = []
    for index in 0..<count { elements.append(try element(index, of: value)) }
    return elements
  }

  private func element(_ index: Int, of value: OnnxValue) throws(RuntimeFault) -> OnnxValue {
    let handle = try api.make {
      api.pointee.GetValue(value.handle, Int32(index), session.library.allocator, &$0)
    }
    return OnnxValue(handle, of: session)
  }

  /// Puts tensors of one shape one after the other along a new axis 0.
  private func stacked(_ elements: [OnnxValue]) throws(RuntimeFault) -> Tensor {
    var shapes: [TensorShape] = []
    var sizes: [Int] = []
    let isText = port.description.datatype == .bytes
    for element in elements {
      let shape = try shape(of: element).0
      if let first = shapes.first, first != shape {
        throw unexpected("a sequence of tensors of shapes \(first) and \(shape)")
      }
      shapes.append(shape)
      sizes.append(
        isText ? try encodedByteCount(of: element, shape: shape) : try bytes(of: element).byteCount)
    }
    let lengths = [elements.count] + (shapes.first?.array ?? emptyElementLengths)
    guard let shape = TensorShape(lengths) else {
      throw unexpected("a sequence of tensors of rank \(lengths.count - 1)")
    }
    let storage = memory(sizes.reduce(0, +))
    var offset = 0
    for (element, size) in zip(elements, sizes) {
      if let all = storage.hostBytesForFilling {
        let part = UnsafeMutableRawBufferPointer(rebasing: all[offset..<offset + size])
        try copy(element, into: part, isText: isText)
      }
      offset += size
    }
    return Tensor(datatype: port.description.datatype, shape: shape, storage: storage)
  }

  /// Lengths of an element of a sequence that has none: as declared, and 0 where left open.
  private var emptyElementLengths: [Int] {
    port.description.dimensions.dropFirst().map { max(0, $0.metadataLength) }
  }

  private func copy(
    _ element: OnnxValue, into part: UnsafeMutableRawBufferPointer, isText: Bool
  ) throws(RuntimeFault) {
    if isText {
      try encode(element, count: try shape(of: element).0.elementCount ?? 0, into: part)
    } else if part.count > 0 {
      let bytes = try bytes(of: element)
      part.copyMemory(from: UnsafeRawBufferPointer(start: bytes.base, count: part.count))
    }
  }

  /// The values of maps with equal keys, a row each. The library keeps maps sorted by key.
  private func rows(
    of maps: [OnnxValue], isSequence: Bool
  ) throws(RuntimeFault) -> (tensor: Tensor, keys: OnnxMapKeys) {
    var keys = OnnxMapKeys.none
    var columns: [OnnxValue] = []
    for (row, map) in maps.enumerated() {
      let own = try mapKeys(of: element(0, of: map))
      if row > 0 && own != keys { throw unexpected("maps with different keys") }
      keys = own
      columns.append(try element(1, of: map))
    }
    let shape: TensorShape = isSequence ? [maps.count, keys.count] : [keys.count]
    let rowBytes = keys.count * (port.description.datatype.elementByteCount ?? 0)
    let storage = memory(rowBytes * maps.count)
    for (row, values) in columns.enumerated() where rowBytes > 0 {
      guard let all = storage.hostBytesForFilling else { break }
      let part = UnsafeMutableRawBufferPointer(
        rebasing: all[row * rowBytes..<(row + 1) * rowBytes])
      try copy(values, into: part, isText: false)
    }
    return (Tensor(datatype: port.description.datatype, shape: shape, storage: storage), keys)
  }

  private func mapKeys(of value: OnnxValue) throws(RuntimeFault) -> OnnxMapKeys {
    let (shape, type) = try shape(of: value)
    let count = shape.elementCount ?? 0
    if type == OnnxElementType.string {
      let storage = TensorStorage(byteCount: try encodedByteCount(of: value, shape: shape))
      if let bytes = storage.hostBytesForFilling { try encode(value, count: count, into: bytes) }
      return .strings(Tensor(datatype: .bytes, shape: shape, storage: storage).strings)
    }
    guard type == OnnxElementType.int64 else { throw unexpected("a map with unknown keys") }
    var base: UnsafeMutableRawPointer?
    try api.check(api.pointee.GetTensorMutableData(value.handle, &base))
    return .integers((0..<count).map { base?.load(fromByteOffset: $0 * 8, as: Int64.self) ?? 0 })
  }
}
