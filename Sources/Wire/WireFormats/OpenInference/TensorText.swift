import Inference

/// Elements of a tensor as JSON text, flat and separated by commas.
///
/// FP16 and BF16 are widened to singles and printed as those: exact, if not the shortest for them.
enum TensorText {
  /// An upper bound of what `write` writes.
  static func byteCountMax(of tensor: Tensor, output: String) throws(InferenceFailure) -> Int {
    guard tensor.hostBytes != nil else {
      throw .unsupported(.other("output `\(output)` as JSON: it lies in a device's memory"))
    }
    guard tensor.datatype == .bytes else { return numbersByteCountMax(of: tensor) }
    return try byteStringsByteCount(of: tensor, output: output)
  }

  /// The same for a tensor of numbers on the host.
  static func numbersByteCountMax(of tensor: Tensor) -> Int {
    let comma = 1
    let perElement =
      switch tensor.datatype {
      case .bool: 5
      case .uint8: 3
      case .int8: 4
      case .uint16: 5
      case .int16: 6
      case .uint32: 10
      case .int32: 11
      case .uint64, .int64: NumberPrinting.integerByteCountMax
      case .float16, .bfloat16, .float32: NumberPrinting.floatByteCountMax
      case .float64: NumberPrinting.doubleByteCountMax
      case .bytes: 0
      }
    return tensor.elementCount * (perElement + comma)
  }

  private static func byteStringsByteCount(
    of tensor: Tensor, output: String
  ) throws(InferenceFailure) -> Int {
    var isText = true
    var byteCount = 0
    let count = tensor.forEachByteString { element in
      isText = isText && UTF8Text.isWellFormed(element)
      byteCount += JSONEscaping.escapedByteCount(of: element) + 3
    }
    guard count != nil, isText else {
      throw .invalidInput(
        .parameter(
          "binary_data of output `\(output)`",
          expected: "true, because the output holds bytes that are not UTF-8 text", got: "false"))
    }
    return byteCount
  }

  /// Writes the elements; gives the place after the last.
  static func write(_ tensor: Tensor, at start: NumberPrinting.Place) -> NumberPrinting.Place {
    if tensor.datatype == .bytes { return writeByteStrings(tensor, at: start) }
    guard let bytes = tensor.hostBytes else { return start }
    return write(bytes, tensor.datatype, at: start)
  }

  /// Writes elements of fixed size; gives the place after the last.
  static func write(
    _ tensor: UnsafeRawBufferPointer, _ datatype: Datatype, at start: NumberPrinting.Place
  ) -> NumberPrinting.Place {
    let printing = NumberPrinting()
    switch datatype {
    case .float32: return write(tensor, Float.self, start) { printing.write($0, at: $1) }
    case .float64: return write(tensor, Double.self, start) { printing.write($0, at: $1) }
    case .float16:
      return write(tensor, Float16.self, start) { printing.write(Float($0), at: $1) }
    case .bfloat16:
      return write(tensor, UInt16.self, start) {
        printing.write(Float(bitPattern: UInt32($0) << 16), at: $1)
      }
    case .uint8: return write(tensor, UInt8.self, start) { printing.write(UInt64($0), at: $1) }
    case .uint16: return write(tensor, UInt16.self, start) { printing.write(UInt64($0), at: $1) }
    case .uint32: return write(tensor, UInt32.self, start) { printing.write(UInt64($0), at: $1) }
    case .uint64: return write(tensor, UInt64.self, start) { printing.write($0, at: $1) }
    case .int8: return write(tensor, Int8.self, start) { printing.write(Int64($0), at: $1) }
    case .int16: return write(tensor, Int16.self, start) { printing.write(Int64($0), at: $1) }
    case .int32: return write(tensor, Int32.self, start) { printing.write(Int64($0), at: $1) }
    case .int64: return write(tensor, Int64.self, start) { printing.write($0, at: $1) }
    case .bool: return write(tensor, UInt8.self, start) { writeBool($0 != 0, at: $1) }
    case .bytes: return start
    }
  }

  @inline(__always)
  private static func write<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ type: Element.Type, _ start: NumberPrinting.Place,
    _ writeElement: (Element, NumberPrinting.Place) -> NumberPrinting.Place
  ) -> NumberPrinting.Place {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return start }
    var out = start
    var element = base
    let end = base + bytes.count
    while element < end {
      // Outputs may be views at any offset.
      out = writeElement(element.loadUnaligned(as: type), out)
      out[0] = UInt8(ascii: ",")
      out += 1
      element += MemoryLayout<Element>.stride
    }
    return out - 1
  }

  private static func writeBool(_ value: Bool, at out: NumberPrinting.Place) -> NumberPrinting.Place
  {
    let text: StaticString = value ? "true" : "false"
    out.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    return out + text.utf8CodeUnitCount
  }

  private static func writeByteStrings(
    _ tensor: Tensor, at start: NumberPrinting.Place
  ) -> NumberPrinting.Place {
    var json = JSONOutput(at: start)
    let count = tensor.forEachByteString { element in
      json.write(utf8: element)
      json.write(raw: ",")
    }
    let out = json.place
    return (count ?? 0) > 0 ? out - 1 : out
  }
}
