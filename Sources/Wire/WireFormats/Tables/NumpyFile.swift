package import Inference

/// An array as a file of NumPy's `.npy` format holds it (versions 1 to 3), little-endian and in C order.
///
/// The header is a Python dictionary with `descr`, `fortran_order` and `shape`:
/// numpy.org/doc/stable/reference/generated/numpy.lib.format.html
package struct NumpyFile: Sendable {
  package let tensor: Tensor

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let headerByteCountMax = 64 << 10

  /// Copies the elements, once. Nothing is reserved before the bytes for it are known to be there.
  ///
  /// - Parameter name: what the array is called in a refusal.
  package init(_ file: UnsafeRawBufferPointer, name: String) throws(InputProblem) {
    let (header, data) = try Self.parts(file)
    let datatype = try Self.datatype(header)
    guard Self.value("fortran_order", in: header)?.hasPrefix("False") == true else {
      throw .syntax(.npy, expected: "an array in C order", byteOffset: 10)
    }
    let shape = try Self.shape(header, name)
    let (expected, overflow) = (shape.elementCount ?? .max).multipliedReportingOverflow(
      by: datatype.elementByteCount ?? 1)
    guard !overflow, expected == data.count else {
      throw .wrongByteCount(
        input: name, expected: overflow ? .max : expected, got: data.count)
    }
    let storage = TensorStorage(byteCount: expected)
    if expected > 0 { storage.hostBytesForFilling?.copyMemory(from: data) }
    tensor = Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  private static func parts(
    _ file: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (header: String, data: UnsafeRawBufferPointer) {
    guard file.count >= 12, file.prefix(6).elementsEqual(magic) else {
      throw .syntax(.npy, expected: "the bytes that such a file begins with", byteOffset: 0)
    }
    let isLong = file[6] >= 2
    let start = isLong ? 12 : 10
    let length =
      isLong
      ? Int(UInt32(littleEndian: file.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
      : Int(UInt16(littleEndian: file.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
    guard length <= min(file.count - start, headerByteCountMax) else {
      throw .syntax(.npy, expected: "a header within the file", byteOffset: 8)
    }
    let header = String(decoding: file[start..<start + length], as: UTF8.self)
    return (header, UnsafeRawBufferPointer(rebasing: file[(start + length)...]))
  }

  /// What follows a key and its colon.
  private static func value(_ key: String, in header: String) -> Substring? {
    header.firstRange(of: "'\(key)':").map {
      header[$0.upperBound...].trimmingPrefix { $0 == " " }
    }
  }

  private static func datatype(_ header: String) throws(InputProblem) -> Datatype {
    let names: [String: Datatype] = [
      "|b1": .bool, "|u1": .uint8, "<u2": .uint16, "<u4": .uint32, "<u8": .uint64, "|i1": .int8,
      "<i2": .int16, "<i4": .int32, "<i8": .int64, "<f2": .float16, "<f4": .float32,
      "<f8": .float64,
    ]
    let name = value("descr", in: header)?.dropFirst().prefix { $0 != "'" }
    guard let name, let datatype = names[String(name)] else {
      throw .syntax(.npy, expected: "a datatype of numbers, little-endian", byteOffset: 10)
    }
    return datatype
  }

  private static func shape(
    _ header: String, _ name: String
  ) throws(InputProblem) -> TensorShape {
    guard let text = value("shape", in: header), text.first == "(",
      let end = text.firstIndex(of: ")")
    else { throw .syntax(.npy, expected: "a shape", byteOffset: 10) }
    var lengths: [Int] = []
    for piece in text[text.index(after: text.startIndex)..<end].split(separator: ",") {
      let digits = piece.filter { $0 != " " }
      if digits.isEmpty { continue }
      guard let length = Int(digits), length >= 0 else {
        throw .syntax(.npy, expected: "a shape of lengths", byteOffset: 10)
      }
      lengths.append(length)
    }
    guard let shape = TensorShape(lengths) else {
      throw .rankTooHigh(input: name, got: lengths.count, limit: TensorShape.rankMax)
    }
    return shape
  }
}
