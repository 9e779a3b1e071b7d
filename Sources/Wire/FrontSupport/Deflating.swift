import CZlib
package import NIOCore

/// Packs bytes with zlib.
package enum Deflating {
  /// Level 1 of 9: numbers as text shrink to nearly the same at three times the speed of 6.
  private static let level: Int32 = 1

  /// The parts, one after the other, packed and appended to `packed`, whose capacity the caller
  /// chose; `nil` where there is no zlib. About 10 ms a MiB: on a worker where it is large.
  package static func pack(
    _ parts: [ByteBuffer], _ coding: ContentCoding, into target: ByteBuffer
  ) -> ByteBuffer? {
    guard let zlib = Zlib.shared else { return nil }
    var stream = apus_z_stream()
    let windowBits: Int32 = coding == .gzip ? 31 : 15
    guard
      zlib.deflateInit(
        &stream, level, Zlib.deflated, windowBits, 8, 0, Zlib.version, Zlib.streamByteCount)
        == Zlib.ok
    else { return nil }
    defer { _ = zlib.deflateEnd(&stream) }
    var packed = target
    for (index, part) in parts.enumerated() {
      let flush = index == parts.count - 1 ? Zlib.finish : Zlib.noFlush
      guard feed(zlib, &stream, part, flush, into: &packed) else { return nil }
    }
    return packed
  }

  private static func feed(
    _ zlib: Zlib, _ stream: inout apus_z_stream, _ part: ByteBuffer, _ flush: Int32,
    into packed: inout ByteBuffer
  ) -> Bool {
    let stepBytes = 32 << 10
    return part.withUnsafeReadableBytes { bytes in
      stream.next_in = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
      stream.avail_in = UInt32(bytes.count)
      var code = Zlib.ok
      repeat {
        packed.writeWithUnsafeMutableBytes(minimumWritableBytes: stepBytes) { room in
          stream.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
          stream.avail_out = UInt32(stepBytes)
          code = zlib.deflate(&stream, flush)
          return stepBytes - Int(stream.avail_out)
        }
      } while code == Zlib.ok && stream.avail_out == 0
      // With nothing left to do zlib says "buffer error", which is none.
      return code == Zlib.ok || code == Zlib.streamEnd || code == Zlib.bufferError
    }
  }
}
