import FrontSupport
import Inference
import NIOCore
import WireFormats

/// Makes the bytes of a message that is sent, its prefix included.
enum AnswerBytes {
  /// Byte that says "packed", four of length.
  static let prefixByteCount = 5

  /// A small message.
  static func framed(_ message: [UInt8]) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: prefixByteCount + message.count)
    writePrefix(message.count, isPacked: false, &buffer)
    buffer.writeBytes(message)
    return buffer
  }

  static func writePrefix(
    _ byteCount: Int, isPacked: Bool, _ buffer: inout ByteBuffer
  ) {
    buffer.writeMultipleIntegers(
      UInt8(isPacked ? 1 : 0), UInt32(truncatingIfNeeded: byteCount))
  }

  /// An answer's parts: small tensors are copied behind its head, large ones are sent as they lie in
  /// memory. `nil` where a tensor is not on the host.
  static func parts(of answer: InferAnswerMessage) -> [ByteBuffer]? {
    var current = ByteBufferAllocator().buffer(
      capacity: prefixByteCount + answer.headByteCount + copiedByteCount(of: answer))
    writePrefix(answer.byteCount, isPacked: false, &current)
    current.writeWithUnsafeMutableBytes(minimumWritableBytes: answer.headByteCount) { memory in
      answer.encodeHead(into: memory)
      return answer.headByteCount
    }
    var parts: [ByteBuffer] = []
    for tensor in answer.tensors {
      guard let bytes = tensor.hostBytes else { return nil }
      current.writeWithUnsafeMutableBytes(
        minimumWritableBytes: InferAnswerMessage.prefixBytesMax
      ) { memory in InferAnswerMessage.encodePrefix(of: tensor, into: memory) }
      if bytes.count < AdoptedBytes.byteCountMin {
        current.writeBytes(bytes)
      } else if let adopted = AdoptedBytes.buffer(of: tensor) {
        parts.append(current)
        parts.append(adopted)
        current = ByteBufferAllocator().buffer(capacity: 64)
      }
    }
    if current.readableBytes > 0 { parts.append(current) }
    return parts
  }

  private static func copiedByteCount(of answer: InferAnswerMessage) -> Int {
    answer.tensors.reduce(0) { count, tensor in
      let copied = tensor.byteCount < AdoptedBytes.byteCountMin ? tensor.byteCount : 0
      return count + copied + InferAnswerMessage.prefixBytesMax
    }
  }

  /// The same message packed; as it was where there is no zlib. About 10 ms a MiB: on a worker where
  /// it is large.
  static func packed(_ parts: [ByteBuffer]) -> [ByteBuffer] {
    var plain = parts
    guard !plain.isEmpty, plain[0].readSlice(length: prefixByteCount) != nil else { return parts }
    let byteCount = plain.reduce(0) { $0 + $1.readableBytes }
    let room = ByteBufferAllocator().buffer(capacity: byteCount / 2)
    guard let packed = Deflating.pack(plain, .gzip, into: room) else { return parts }
    var prefix = ByteBufferAllocator().buffer(capacity: prefixByteCount)
    writePrefix(packed.readableBytes, isPacked: true, &prefix)
    return [prefix, packed]
  }
}
