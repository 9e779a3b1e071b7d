/// Reads numbers out of bytes that may be cut or hostile: every read says whether it was inside.
struct ByteView {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count }

  /// The part from `offset` on, at most `length` bytes; empty where it lies outside.
  func part(from offset: Int, length: Int) -> ByteView {
    guard offset >= 0, length > 0, offset < count else {
      return ByteView(bytes: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    let end = offset + min(length, count - offset)
    return ByteView(bytes: UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
  }

  func byte(at offset: Int) -> Int? {
    offset >= 0 && offset < count ? Int(bytes[offset]) : nil
  }

  func uint16(at offset: Int, isBigEndian: Bool) -> Int? {
    guard offset >= 0, offset <= count - 2 else { return nil }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return Int(isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value))
  }

  func uint32(at offset: Int, isBigEndian: Bool) -> Int? {
    guard offset >= 0, offset <= count - 4 else { return nil }
    let value = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return Int(isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value))
  }

  /// Whether `text`'s bytes stand at `offset`.
  func has(_ text: StaticString, at offset: Int) -> Bool {
    guard offset >= 0, offset <= count - text.utf8CodeUnitCount else { return false }
    let wanted = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    return bytes[offset..<offset + wanted.count].elementsEqual(wanted)
  }
}
