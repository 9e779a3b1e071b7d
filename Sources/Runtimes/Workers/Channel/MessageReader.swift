package import Inference

/// A message that is not one: what was wrong with it. Its worker is not trusted any further.
package struct MalformedMessage: Error, Equatable, Sendable {
  package let reason: String

  package init(_ reason: String) { self.reason = reason }
}

/// Where a worker says that a tensor lies, checked for itself; the region is another's to check.
package struct TensorSpan: Sendable, Equatable {
  package let place: Int
  /// It lies where the run's inputs do, as one that was given back.
  package let isInput: Bool
  package let datatype: Datatype
  package let shape: TensorShape
  package let offset: Int
  package let byteCount: Int
}

/// Reads one message, field by field; never beyond its end, whatever it holds.
struct MessageReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  /// `bytes` must outlive the reader.
  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  mutating func number<Number: FixedWidthInteger>(
    _ type: Number.Type = Number.self
  ) throws(MalformedMessage) -> Number {
    let size = MemoryLayout<Number>.size
    guard bytes.count - offset >= size else { throw MalformedMessage("it ends too early") }
    defer { offset += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
  }

  mutating func number(_ type: Double.Type) throws(MalformedMessage) -> Double {
    Double(bitPattern: try number(UInt64.self))
  }

  /// A length below 2^63.
  mutating func length() throws(MalformedMessage) -> Int {
    guard let length = Int(exactly: try number(UInt64.self)) else {
      throw MalformedMessage("a length is too large")
    }
    return length
  }

  /// Ill-formed UTF-8 is repaired.
  mutating func text() throws(MalformedMessage) -> String {
    let count = Int(try number(UInt32.self))
    guard bytes.count - offset >= count else { throw MalformedMessage("a text ends too late") }
    defer { offset += count }
    return String(decoding: bytes[offset..<offset + count], as: UTF8.self)
  }

  mutating func parameter() throws(MalformedMessage) -> Parameter {
    let name = try text()
    let kind = try number(UInt8.self)
    switch kind {
    case 0: return Parameter(name: name, value: .bool(try number(UInt8.self) != 0))
    case 1: return Parameter(name: name, value: .integer(try number(Int64.self)))
    case 2: return Parameter(name: name, value: .number(try number(Double.self)))
    case 3: return Parameter(name: name, value: .string(try text()))
    default: throw MalformedMessage("there is no kind of parameter \(kind)")
    }
  }

  mutating func shape(rank: Int) throws(MalformedMessage) -> TensorShape {
    var shape = TensorShape()
    for _ in 0..<rank {
      guard shape.append(try length()) else { throw MalformedMessage("a rank is too high") }
    }
    return shape
  }

  mutating func datatype() throws(MalformedMessage) -> Datatype {
    let code = try number(UInt8.self)
    guard let datatype = Datatype(code: code) else {
      throw MalformedMessage("there is no datatype \(code)")
    }
    return datatype
  }

  /// A tensor whose bytes fit its shape.
  mutating func tensor() throws(MalformedMessage) -> TensorSpan {
    let place = Int(try number(UInt16.self))
    let datatype = try datatype()
    let rank = Int(try number(UInt8.self))
    let region = try number(UInt32.self)
    guard region <= 1 else { throw MalformedMessage("a run has no region \(region)") }
    let offset = try length()
    let byteCount = try length()
    let shape = try shape(rank: rank)
    guard let count = shape.elementCount, !shape.hasTooManyEmptyRows else {
      throw MalformedMessage("a shape is too large")
    }
    guard offset % MessageKind.regionHeadBytes == 0 else {
      throw MalformedMessage("a tensor is not aligned")
    }
    let (expected, overflow) = count.multipliedReportingOverflow(by: datatype.elementByteCount ?? 4)
    guard !overflow, datatype == .bytes ? byteCount >= expected : byteCount == expected else {
      throw MalformedMessage("\(byteCount) bytes are not a tensor \(datatype.name) \(shape)")
    }
    return TensorSpan(
      place: place, isInput: region == 1, datatype: datatype, shape: shape, offset: offset,
      byteCount: byteCount)
  }

  mutating func end() throws(MalformedMessage) {
    guard offset == bytes.count else { throw MalformedMessage("it goes on after its end") }
  }
}
