/// The element types that are computed with; raw values are `TensorProto.DataType`'s.
enum ElementKind: Int64, Sendable {
  case float = 1
  case int32 = 6
  case int64 = 7
  case string = 8
  case bool = 9
  case double = 11

  /// Bytes of one element where rows are worked on.
  var byteCount: Int {
    switch self {
    case .bool: 1
    case .float, .int32: 4
    case .int64, .double: 8
    case .string: MemoryLayout<TextSlot>.stride
    }
  }
}

/// A tensor in the file: `TensorProto`.
///
/// Its bytes are only looked at when `elements()` is called; a count of elements is believed only
/// where the file holds as many.
struct OnnxTensor {
  private(set) var name = ""
  private(set) var dimensions: [Int64] = []
  private(set) var elementType: Int64 = 0
  private let message: UnsafeRawBufferPointer
  private var isElsewhere = false

  init(_ tensor: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    message = tensor
    var scanner = OnnxMessage(tensor)
    while let (number, value) = try scanner.next() {
      switch number {
      case 1: try dimensions.append(varints: value) { Int64(bitPattern: $0) }
      case 2: elementType = try value.asInteger()
      case 8: name = try value.asText()
      case 13: isElsewhere = true
      case 14: isElsewhere = try value.asInteger() != 0 || isElsewhere
      default: break
      }
    }
  }

  /// What the tensor holds, as many as its dimensions say.
  func elements() throws(PipelineObstacle) -> ConstantElements {
    if isElsewhere { throw .notComputed("tensors in other files") }
    guard let kind = ElementKind(rawValue: elementType) else {
      throw .notComputed("tensors of element type \(elementType)")
    }
    let elements = try decoded(as: kind)
    guard let count = elementCount, count == elements.count else {
      throw .corrupt(
        "tensor '\(name)' holds \(elements.count) elements, which is not what its shape says")
    }
    return elements
  }

  private var elementCount: Int? {
    var count = 1
    for length in dimensions {
      guard let length = Int(exactly: length), length >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      if overflow { return nil }
      count = product
    }
    return count
  }

  private func decoded(as kind: ElementKind) throws(PipelineObstacle) -> ConstantElements {
    switch kind {
    case .float: .floats(try numbers(field: 4) { (_: UInt64) in Float(0) })
    case .double: .doubles(try numbers(field: 10) { (_: UInt64) in Double(0) })
    case .int64: .integers(try numbers(field: 7) { Int64(bitPattern: $0) })
    case .int32:
      .smallIntegers(try numbers(field: 5) { Int32(truncatingIfNeeded: Int64(bitPattern: $0)) })
    case .bool: .truths(try numbers(field: 5) { (bits: UInt64) -> UInt8 in bits == 0 ? 0 : 1 })
    case .string: .texts(try texts())
    }
  }

  /// Elements from the field of their type, or from the raw bytes.
  private func numbers<Number: BitwiseCopyable>(
    field: Int, _ number: (UInt64) -> Number
  ) throws(PipelineObstacle) -> [Number] {
    var numbers: [Number] = []
    var scanner = OnnxMessage(message)
    while let (place, value) = try scanner.next() {
      if place == 9 { try numbers.append(raw: try value.asBytes()) }
      guard place == field else { continue }
      if field == 4 || field == 10 {
        try numbers.append(fixed: value)
      } else {
        try numbers.append(varints: value, number)
      }
    }
    return numbers
  }

  private func texts() throws(PipelineObstacle) -> [[UInt8]] {
    var texts: [[UInt8]] = []
    var scanner = OnnxMessage(message)
    while let (number, value) = try scanner.next() {
      if number == 6 { texts.append(Array(try value.asBytes())) }
    }
    return texts
  }

  /// Bytes as they are, of a tensor of eight-bit numbers: the modes of `TreeEnsemble`'s nodes.
  func smallNumbers() throws(PipelineObstacle) -> [UInt8] {
    let bytes: [UInt8] = try numbers(field: 5) { UInt8(truncatingIfNeeded: $0) }
    guard elementType == 2, elementCount == bytes.count else {
      throw .corrupt("tensor '\(name)' does not hold as many small numbers as its shape says")
    }
    return bytes
  }
}

/// The elements of a tensor that the file holds.
enum ConstantElements {
  case floats([Float])
  case doubles([Double])
  case integers([Int64])
  case smallIntegers([Int32])
  /// 0 or 1.
  case truths([UInt8])
  case texts([[UInt8]])

  var count: Int {
    switch self {
    case .floats(let all): all.count
    case .doubles(let all): all.count
    case .integers(let all): all.count
    case .smallIntegers(let all): all.count
    case .truths(let all): all.count
    case .texts(let all): all.count
    }
  }

  var kind: ElementKind {
    switch self {
    case .floats: .float
    case .doubles: .double
    case .integers: .int64
    case .smallIntegers: .int32
    case .truths: .bool
    case .texts: .string
    }
  }
}
