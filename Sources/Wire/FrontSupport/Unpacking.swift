import CZlib
package import Inference
package import NIOCore

/// Unpacks a request's body, never beyond a limit, however small the packed body is.
package enum Unpacking {
  private static let stepBytes = 64 << 10

  /// Blocks for about 3 ms a MiB: on a worker.
  package static func unpack(
    _ packed: ByteBuffer, _ coding: ContentCoding, byteCountMax: Int
  ) throws(InferenceFailure) -> ByteBuffer {
    guard let zlib = Zlib.shared else { throw .unsupported(.contentEncoding(coding.name)) }
    var unpacked = ByteBufferAllocator().buffer(
      capacity: min(byteCountMax, packed.readableBytes * 4))
    let end = packed.withUnsafeReadableBytes { bytes in
      inflate(zlib, bytes, coding, into: &unpacked, byteCountMax: byteCountMax)
    }
    switch end {
    case .complete: return unpacked
    case .tooLarge: throw .tooLarge(.decompressedBody(bytesMax: byteCountMax))
    case .broken(let offset):
      let format: InputProblem.Format = coding == .gzip ? .gzip : .deflate
      throw .invalidInput(
        .syntax(format, expected: "a complete \(coding.name) stream", byteOffset: offset))
    }
  }

  private enum End {
    case complete, tooLarge
    case broken(byteOffset: Int)
  }

  private static func inflate(
    _ zlib: Zlib, _ bytes: UnsafeRawBufferPointer, _ coding: ContentCoding,
    into unpacked: inout ByteBuffer, byteCountMax: Int
  ) -> End {
    var stream = apus_z_stream()
    stream.next_in = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
    stream.avail_in = UInt32(bytes.count)
    guard
      zlib.inflateInit(&stream, windowBits(coding, bytes), Zlib.version, Zlib.streamByteCount)
        == Zlib.ok
    else { return .broken(byteOffset: 0) }
    defer { _ = zlib.inflateEnd(&stream) }
    while true {
      let code = step(zlib, &stream, into: &unpacked)
      if unpacked.readableBytes > byteCountMax { return .tooLarge }
      if code == Zlib.streamEnd {
        if stream.avail_in == 0 { return .complete }
        // RFC 1952 allows several members one after the other.
        guard coding == .gzip, zlib.inflateReset(&stream) == Zlib.ok else {
          return .broken(byteOffset: bytes.count - Int(stream.avail_in))
        }
      } else if code != Zlib.ok {
        return .broken(byteOffset: bytes.count - Int(stream.avail_in))
      }
    }
  }

  private static func step(
    _ zlib: Zlib, _ stream: inout apus_z_stream, into unpacked: inout ByteBuffer
  ) -> Int32 {
    var code = Zlib.ok
    unpacked.writeWithUnsafeMutableBytes(minimumWritableBytes: stepBytes) { room in
      stream.next_out = room.assumingMemoryBound(to: UInt8.self).baseAddress
      stream.avail_out = UInt32(stepBytes)
      code = zlib.inflate(&stream, Zlib.noFlush)
      return stepBytes - Int(stream.avail_out)
    }
    return code
  }

  /// 31 is gzip, 15 zlib, -15 bare deflate. HTTP's `deflate` means zlib (RFC 9110, 8.4.1.2), but
  /// some clients send it bare; a zlib header is a multiple of 31 and names method 8.
  private static func windowBits(_ coding: ContentCoding, _ bytes: UnsafeRawBufferPointer) -> Int32
  {
    if coding == .gzip { return 31 }
    guard bytes.count >= 2 else { return 15 }
    let isZlib = bytes[0] & 15 == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
    return isZlib ? 15 : -15
  }
}
