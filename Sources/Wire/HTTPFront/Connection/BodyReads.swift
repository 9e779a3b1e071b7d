import FrontSupport
import Glibc
import NIOCore
import WireFormats

/// Chooses the memory that a connection's next read goes to: where a large tensor is on its way, the
/// tensor's own, so that its bytes are copied by the kernel and by nobody else.
///
/// Only for sockets whose bytes are HTTP as they are read: with TLS between, what is read is not what
/// the tensor holds.
///
/// NIO keeps buffers for reuse, and one of ours must not be among them: it would be written to again
/// while a model reads the tensor. So the channel reads once a turn, which makes NIO keep one buffer,
/// the first, and that one is never ours because a head has come before any tensor.
///
/// Unchecked: NIO wants its allocators sendable, and calls this one on its channel's loop only.
final class BodyReads: RecvByteBufferAllocator, @unchecked Sendable {
  /// One read a turn; see above. Other connections have their turns between.
  static let readsPerTurn: UInt = 1

  private var ordinary = AdaptiveRecvByteBufferAllocator(
    minimum: 64, initial: 2_048, maximum: 262_144)
  /// Let go of when the channel ends, as the two hold each other.
  private var connection: HTTPConnection?

  init(for connection: HTTPConnection) { self.connection = connection }

  func end() { connection = nil }

  func nextBufferSize() -> Int? {
    memory == nil ? ordinary.nextBufferSize() : nil
  }

  func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
    guard let memory else { return ordinary.buffer(allocator: allocator) }
    return AdoptedBytes.emptyBuffer(in: memory)
  }

  func record(actualReadBytes: Int) -> Bool {
    if memory == nil { _ = ordinary.record(actualReadBytes: actualReadBytes) }
    // The next buffer may be another one, whatever this one was.
    return true
  }

  private var memory: BodyMemory? { connection?.memoryForNextRead }
}

/// How many bytes must have come before the kernel wakes the loop for a connection.
///
/// A large body would wake it for each segment, and take the core from a model each time; half a
/// megabyte at a time it does so ten times less. The last bytes then come some 0.1 ms later, so this
/// is for loops whose models are at work.
struct ReadThreshold {
  /// A body of fewer bytes than twice this is read as it comes.
  private static let step = 512 << 10

  private var current = 1

  /// To be called as a body advances: `left` bytes of it are still to come.
  mutating func follow(_ left: Int, on channel: any Channel) {
    set(left >= Self.step ? Self.step : max(1, left), on: channel)
  }

  /// Whatever came is to be seen: nothing may hide behind the threshold of a client that paused.
  mutating func reset(on channel: any Channel) { set(1, on: channel) }

  private mutating func set(_ count: Int, on channel: any Channel) {
    guard count != current else { return }
    current = count
    let option = NIOBSDSocket.Option(rawValue: SO_RCVLOWAT)
    // A socket without it wakes us more often, and nothing else.
    try? channel.syncOptions?.setOption(.socketOption(option), value: count)
  }

  static func isWorthwhile(_ byteCount: Int) -> Bool { byteCount >= 2 * step }
}
