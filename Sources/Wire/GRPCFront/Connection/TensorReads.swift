import FrontSupport
import NIOCore
import WireFormats

/// Chooses the memory that a connection's next read goes to: where much of a tensor comes next, the
/// tensor's own, so that its bytes are copied by the kernel and by nobody else.
///
/// Only for sockets whose bytes are HTTP/2 as they are read: with TLS between, what is read is not
/// what the tensor holds.
///
/// Unchecked: NIO wants its allocators sendable, and calls this one on its channel's loop only.
final class TensorReads: RecvByteBufferAllocator, @unchecked Sendable {
  private var ordinary = AdaptiveRecvByteBufferAllocator(
    minimum: 64, initial: 2_048, maximum: 262_144)
  /// Let go of when the channel ends, as the two hold each other.
  private var frames: TensorFrames?

  init(for frames: TensorFrames) { self.frames = frames }

  func end() { frames = nil }

  func nextBufferSize() -> Int? {
    frames?.memoryForNextRead == nil ? ordinary.nextBufferSize() : nil
  }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    guard let memory = frames?.memoryForNextRead else {
      return ordinary.buffer(allocator: allocator)
    }
    return AdoptedBytes.emptyBuffer(in: memory)
  }

  func record(actualReadBytes: Int) -> Bool {
    if frames?.memoryForNextRead == nil {
      _ = ordinary.record(actualReadBytes: actualReadBytes)
    }
    // The next buffer may be another one, whatever this one was.
    return true
  }
}
