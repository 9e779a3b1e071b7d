import FrontSupport
import NIOCore
import WireFormats

/// Chooses the memory that a connection's next read goes to: where much of a tensor comes next, the
/// tensor's own, so that its bytes are copied by the kernel and by nobody else.
///
/// Only for sockets whose bytes are HTTP/2 as they are read: with TLS between, what is read is not
/// what the tensor holds. As in the HTTP front, the channel reads once a turn, as NIO keeps the first
/// buffer of a turn for reuse, and that one must be none of a tensor: it never is, as one begins with
/// the frame's header.
///
/// Unchecked: NIO wants its allocators sendable, and calls this one on its channel's loop only.
final class TensorReads: RecvByteBufferAllocator, @unchecked Sendable {
  /// One read a turn; see above. Other connections have their turns between.
  static let readsPerTurn: UInt = 1

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
