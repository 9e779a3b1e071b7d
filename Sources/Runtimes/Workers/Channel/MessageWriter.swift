package import Inference

/// Writes one message, in the order in which its fields are called; little-endian, nothing aligned.
package struct MessageWriter: Sendable {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// Begins a message over the memory of the last.
  package mutating func begin(_ kind: UInt16, part: UInt32 = 0, request: UInt64 = 0) {
    bytes.removeAll(keepingCapacity: true)
    number(kind)
    number(UInt16(0))
    number(part)
    number(request)
  }

  package mutating func number(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  package mutating func number(_ value: Double) { number(value.bitPattern) }

  /// A 4-byte length, and UTF-8.
  package mutating func text(_ text: String) {
    var text = text
    text.withUTF8 {
      number(UInt32($0.count))
      bytes.append(contentsOf: $0)
    }
  }

  package mutating func tensor(
    place: Int, _ datatype: Datatype, _ shape: TensorShape, offset: Int, byteCount: Int
  ) {
    number(UInt16(place))
    number(datatype.code)
    number(UInt8(shape.rank))
    number(UInt32(0))
    number(UInt64(offset))
    number(UInt64(byteCount))
    for axis in 0..<shape.rank { number(UInt64(shape[axis])) }
  }

  /// Inputs or outputs of a signature.
  mutating func ports(_ descriptions: [TensorDescription]) {
    number(UInt16(descriptions.count))
    for description in descriptions {
      text(description.name)
      number(description.datatype.code)
      number(PortMarks(description).rawValue)
      number(UInt8(description.dimensions.count))
      for dimension in description.dimensions { number(Int64(dimension.metadataLength)) }
      if let table = description.table { columns(table) }
    }
  }

  private mutating func columns(_ table: FeatureTable) {
    number(UInt8(table.narrowsOthers ? 1 : 0))
    let names = table.names ?? []
    number(UInt32(names.count))
    for name in names { text(name) }
  }

  mutating func pairs(_ pairs: [String: String]) {
    number(UInt16(pairs.count))
    for (name, value) in pairs {
      text(name)
      text(value)
    }
  }

  /// Says in the message's head what its kind marks with 1.
  mutating func mark() { bytes[2] = 1 }

  package mutating func parameter(_ parameter: Parameter) {
    text(parameter.name)
    switch parameter.value {
    case .bool(let value):
      number(UInt8(0))
      number(UInt8(value ? 1 : 0))
    case .integer(let value):
      number(UInt8(1))
      number(value)
    case .number(let value):
      number(UInt8(2))
      number(value)
    case .string(let value):
      number(UInt8(3))
      text(value)
    }
  }
}

extension Datatype {
  /// On the channel: the place in this list, from 1.
  private static let byCode: [Datatype] = [
    .bool, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64, .float16, .float32,
    .float64, .bfloat16, .bytes,
  ]

  var code: UInt8 {
    switch self {
    case .bool: 1
    case .uint8: 2
    case .uint16: 3
    case .uint32: 4
    case .uint64: 5
    case .int8: 6
    case .int16: 7
    case .int32: 8
    case .int64: 9
    case .float16: 10
    case .float32: 11
    case .float64: 12
    case .bfloat16: 13
    case .bytes: 14
    }
  }

  init?(code: UInt8) {
    guard code >= 1, Int(code) <= Self.byCode.count else { return nil }
    self = Self.byCode[Int(code) - 1]
  }
}
