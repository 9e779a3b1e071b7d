/// Writes protobuf into memory that has room for it: the sizes are counted beforehand.
///
/// The caller owns the memory; writing beyond it is a broken invariant of the caller.
package struct ProtobufOutput {
  private let memory: UnsafeMutableRawBufferPointer
  package private(set) var byteCount = 0

  package init(into memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

  @inline(__always)
  package mutating func write(byte: UInt8) {
    memory[byteCount] = byte
    byteCount += 1
  }

  @inline(__always)
  package mutating func write(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      write(byte: UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    write(byte: UInt8(truncatingIfNeeded: rest))
  }

  /// A field's number and type; numbers up to 15 take one byte.
  @inline(__always)
  package mutating func write(field number: Int, _ wireType: ProtobufWireType) {
    write(varint: UInt64(number) << 3 | UInt64(wireType.rawValue))
  }

  /// A field of text; nothing where the text is empty.
  package mutating func write(field number: Int, _ text: String) {
    guard !text.isEmpty else { return }
    var text = text
    text.withUTF8 { utf8 in
      write(field: number, .bytes)
      write(varint: UInt64(utf8.count))
      write(bytes: UnsafeRawBufferPointer(utf8))
    }
  }

  package mutating func write(bytes: UnsafeRawBufferPointer) {
    guard bytes.count > 0 else { return }
    UnsafeMutableRawBufferPointer(rebasing: memory[byteCount..<byteCount + bytes.count])
      .copyMemory(from: bytes)
    byteCount += bytes.count
  }
}

/// How many bytes things take.
package enum ProtobufSize {
  @inline(__always)
  package static func varint(_ value: UInt64) -> Int {
    // Seven bits a byte; 0 takes one, too.
    (70 - (value | 1).leadingZeroBitCount) / 7
  }

  /// A field of text with a number up to 15; an empty one is left out.
  package static func field(_ text: String) -> Int {
    text.isEmpty ? 0 : field(byteCount: text.utf8.count)
  }

  /// A field of so many bytes, with a number up to 15.
  package static func field(byteCount: Int) -> Int {
    1 + varint(UInt64(byteCount)) + byteCount
  }
}
