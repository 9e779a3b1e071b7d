import Inference

/// Values of features, row after row, as elements of one input.
struct FeatureCells {
  private let input: TensorDescription
  /// Values that each cell has: known from the first.
  private var perCell: Int?
  private var bytes: [UInt8] = []
  private var count = 0

  init(_ input: TensorDescription, perCell: Int? = nil) {
    self.input = input
    self.perCell = perCell
  }

  var byteCount: Int { bytes.count }

  mutating func append(_ feature: ExampleFeature?) throws(InputProblem) {
    let start = count
    switch feature?.values ?? .none {
    case .none: break
    case .strings(let list): try readStrings(list)
    case .floats(let list): try readFloats(list)
    case .integers(let list): try readIntegers(list)
    }
    let found = count - start
    guard found == perCell ?? found else { throw .raggedArray(input: input.name) }
    perCell = found
  }

  /// A tensor of numbers in the input's datatype; throws where that does not hold one of them.
  mutating func converted(_ tensor: Tensor) throws(InputProblem) -> Tensor {
    guard let numbers = tensor.hostBytes else { return tensor }
    switch tensor.datatype {
    case .bool, .uint8: try append(numbers) { (value: UInt8) in Int64(value) }
    case .uint16: try append(numbers) { (value: UInt16) in Int64(value) }
    case .uint32: try append(numbers) { (value: UInt32) in Int64(value) }
    case .uint64: try append(numbers) { (value: UInt64) in Int64(exactly: value) }
    case .int8: try append(numbers) { (value: Int8) in Int64(value) }
    case .int16: try append(numbers) { (value: Int16) in Int64(value) }
    case .int32: try append(numbers) { (value: Int32) in Int64(value) }
    case .int64: try append(numbers) { (value: Int64) in value }
    case .float32: try appendFloats(tensor.elements(as: Float.self).map(Double.init))
    case .float64: try appendFloats(tensor.elements(as: Double.self))
    case .float16, .bfloat16, .bytes: throw wrongKind
    }
    return Tensor(bytes, datatype: input.datatype, shape: tensor.shape)
  }

  private mutating func append<Number: BitwiseCopyable>(
    _ numbers: UnsafeRawBufferPointer, _ integer: (Number) -> Int64?
  ) throws(InputProblem) {
    for place in 0..<numbers.count / MemoryLayout<Number>.size {
      let number = numbers.loadUnaligned(
        fromByteOffset: place * MemoryLayout<Number>.size, as: Number.self)
      guard let value = integer(number) else { throw outOfRange }
      try append(value)
    }
  }

  /// A column of whole numbers in which some are missing comes as floating point from pandas.
  private mutating func appendFloats(_ numbers: [Double]) throws(InputProblem) {
    let isFloat = input.datatype == .float16 || input.datatype == .bfloat16
    for number in numbers {
      if isFloat {
        try append(Float(number))
      } else {
        guard let value = Int64(exactly: number) else { throw wrongKind }
        try append(value)
      }
    }
  }

  func tensor(rowCount: Int, width: Int? = nil) throws(InputProblem) -> Tensor {
    var lengths = [rowCount]
    // A feature of one value is a scalar of its row.
    if let width {
      lengths.append(width)
    } else if let perCell, perCell != 1 {
      lengths.append(perCell)
    }
    guard let shape = TensorShape(lengths) else { throw .raggedArray(input: input.name) }
    return try NestedInput.fitted(
      Tensor(bytes, datatype: input.datatype, shape: shape), to: input)
  }

  // MARK: Lists

  private mutating func readStrings(_ list: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(list)
    while let field = try reader.next() {
      guard field.number == 1, field.wireType == .bytes else {
        try reader.skip(field)
        continue
      }
      let value = try reader.slice()
      guard input.datatype == .bytes else { throw wrongKind }
      write(UInt32(truncatingIfNeeded: value.count).littleEndian)
      bytes.append(contentsOf: value)
      count += 1
    }
  }

  private mutating func readFloats(_ list: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(list)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes):
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { try append(Float(bitPattern: try packed.fixed32())) }
      case (1, .fixed32): try append(Float(bitPattern: try reader.fixed32()))
      default: try reader.skip(field)
      }
    }
  }

  private mutating func readIntegers(_ list: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(list)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes):
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { try append(Int64(bitPattern: try packed.varint())) }
      case (1, .varint): try append(Int64(bitPattern: try reader.varint()))
      default: try reader.skip(field)
      }
    }
  }

  // MARK: Elements

  private var wrongKind: InputProblem {
    .elementOfWrongKind(input: input.name, datatype: input.datatype, index: count)
  }

  private mutating func write(_ value: some BitwiseCopyable) {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
  }

  private mutating func append(_ value: Float) throws(InputProblem) {
    switch input.datatype {
    case .float32: write(value.bitPattern)
    case .float64: write(Double(value).bitPattern)
    case .float16: write(Float16(value).bitPattern)
    case .bfloat16: write(Self.bfloat16(value))
    case .bool, .bytes, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64:
      throw wrongKind
    }
    count += 1
  }

  private mutating func append(_ value: Int64) throws(InputProblem) {
    switch input.datatype {
    case .int64: write(value)
    case .int32: write(try exactly(value, Int32.self))
    case .int16: write(try exactly(value, Int16.self))
    case .int8: write(try exactly(value, Int8.self))
    case .uint64: write(try exactly(value, UInt64.self))
    case .uint32: write(try exactly(value, UInt32.self))
    case .uint16: write(try exactly(value, UInt16.self))
    case .uint8: write(try exactly(value, UInt8.self))
    case .bool:
      guard value == 0 || value == 1 else { throw outOfRange }
      write(UInt8(value))
    case .float64: write(Double(value).bitPattern)
    case .float32, .float16, .bfloat16:
      try append(Float(value))
      return
    case .bytes: throw wrongKind
    }
    count += 1
  }

  /// The upper half of the bits, rounded to the nearest, to even where two are.
  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
  }

  private var outOfRange: InputProblem {
    .elementOutOfRange(input: input.name, datatype: input.datatype, index: count)
  }

  private func exactly<Number: FixedWidthInteger>(
    _ value: Int64, _ type: Number.Type
  ) throws(InputProblem) -> Number {
    guard let number = Number(exactly: value) else { throw outOfRange }
    return number
  }
}
