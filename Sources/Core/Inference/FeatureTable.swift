/// An input [rows, columns] whose columns are features of a tabular model.
///
/// Libraries for such models take numbers as they come, and their servers do, too, so whatever reads
/// requests does here: numbers of every datatype, which are converted; `null` and NaN in JSON, which
/// stand for what is missing; the names of the columns; and any name for the model's only input.
package struct FeatureTable: Sendable, Hashable {
  /// Of the columns, in their order, where the model's file has them.
  package let names: [String]?
  /// What is neither Float32 nor Float64 becomes Float32 first, as LightGBM's own library has it.
  package let narrowsOthers: Bool

  package init(names: [String]?, narrowsOthers: Bool = false) {
    self.names = names
    self.narrowsOthers = narrowsOthers
  }
}

extension ModelSignature {
  /// The entry of a tabular model's metadata that says why it has no contributions of its columns.
  package static let noContributions = "no_contributions"
}

extension TensorDescription {
  /// Whether a tensor of that datatype may be given here.
  package func takes(_ datatype: Datatype) -> Bool {
    datatype == self.datatype || (table != nil && datatype != .bytes)
  }

  /// The tensor, of a datatype that is taken, in the input's own: itself where that is the same, or is
  /// neither Float32 nor Float64, into which every number goes.
  package func converted(_ tensor: Tensor) -> Tensor {
    guard tensor.datatype != datatype, let table, let source = tensor.hostBytes,
      datatype == .float32 || datatype == .float64
    else { return tensor }
    let count = tensor.elementCount
    let storage = TensorStorage(byteCount: count * (datatype.elementByteCount ?? 0))
    if let target = storage.hostBytesForFilling, count > 0 {
      NumberConversion.convert(
        source, tensor.datatype, to: target, datatype, narrowsOthers: table.narrowsOthers)
    }
    return Tensor(datatype: datatype, shape: tensor.shape, storage: storage)
  }
}

/// Turns numbers of one datatype into another, each into the nearest value.
enum NumberConversion {
  /// `datatype` is Float32 or Float64; there is room for each of the source's elements.
  static func convert(
    _ source: UnsafeRawBufferPointer, _ from: Datatype, to target: UnsafeMutableRawBufferPointer,
    _ datatype: Datatype, narrowsOthers: Bool
  ) {
    switch datatype {
    case .float32: convert(source, from, to: target, Float.self, narrowsOthers)
    case .float64: convert(source, from, to: target, Double.self, narrowsOthers)
    default: preconditionFailure("a table of \(datatype)")
    }
  }

  private static func convert<Target: BinaryFloatingPoint & BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, _ from: Datatype, to target: UnsafeMutableRawBufferPointer,
    _ type: Target.Type, _ narrows: Bool
  ) {
    func floats<Number: BinaryFloatingPoint & BitwiseCopyable>(_ type: Number.Type) {
      write(source, to: target) { (value: Number) in Target(value) }
    }
    // Straight from the integer: by way of Float64, a large one would be rounded twice.
    func integers<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type) {
      write(source, to: target) { (value: Number) in
        narrows ? Target(Float(value)) : Target(value)
      }
    }
    switch from {
    case .bool: write(source, to: target) { (flag: UInt8) in flag == 0 ? Target(0) : 1 }
    case .uint8: integers(UInt8.self)
    case .uint16: integers(UInt16.self)
    case .uint32: integers(UInt32.self)
    case .uint64: integers(UInt64.self)
    case .int8: integers(Int8.self)
    case .int16: integers(Int16.self)
    case .int32: integers(Int32.self)
    case .int64: integers(Int64.self)
    case .float16: floats(Float16.self)
    case .bfloat16:
      write(source, to: target) { (bits: UInt16) in
        Target(Float(bitPattern: UInt32(bits) << 16))
      }
    case .float32: floats(Float.self)
    case .float64: floats(Double.self)
    case .bytes: preconditionFailure("strings in a table of numbers")
    }
  }

  @inline(__always)
  private static func write<Element: BitwiseCopyable, Target: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer,
    _ convert: (Element) -> Target
  ) {
    let (from, to) = (MemoryLayout<Element>.size, MemoryLayout<Target>.size)
    for place in 0..<source.count / from {
      let value = source.loadUnaligned(fromByteOffset: place * from, as: Element.self)
      target.storeBytes(of: convert(value), toByteOffset: place * to, as: Target.self)
    }
  }
}
