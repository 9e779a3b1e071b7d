import COnnxRuntime
import Inference

/// The memory that ONNX Runtime computes in: blocks of Apus's own pool.
///
/// The library's arena keeps the peak of each session for good, on ordinary pages. Blocks of the pool
/// are shared by all sessions and lie on huge pages where they are large (measured: YOLO11n computes
/// 2 % faster for it).
enum OnnxHostMemory {
  /// In front of each block lies its capacity; as wide as the alignment, so that both stay aligned.
  private static let headByteCount = MemoryPool.alignment

  /// Up to four times the size: what a run has let go of serves its later steps, whose tensors are
  /// mostly smaller, and is still in the cache.
  private static let slack = 16

  /// The allocator that is registered with an environment; it lives as long as the process does, as
  /// `memory` and the environment do.
  static func allocator(of memory: OpaquePointer) -> UnsafeMutablePointer<OnnxHostAllocator> {
    let made = UnsafeMutablePointer<OnnxHostAllocator>.allocate(capacity: 1)
    made.initialize(
      to: OnnxHostAllocator(
        version: allocatorVersion, Alloc: { OnnxHostMemory.take($1) },
        Free: { OnnxHostMemory.giveBack($1) }, Info: { $0?.pointee.memory }, memory: memory))
    return made
  }

  /// The version of `OrtAllocator` with no more than these three functions.
  private static let allocatorVersion: UInt32 = 16

  private static func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
    guard byteCount > 0 else { return nil }
    let (base, capacity) = MemoryPool.shared.take(
      byteCount: byteCount + headByteCount, slack: slack)
    base.storeBytes(of: capacity, as: Int.self)
    return base + headByteCount
  }

  private static func giveBack(_ bytes: UnsafeMutableRawPointer?) {
    guard let bytes else { return }
    let base = bytes - headByteCount
    MemoryPool.shared.giveBack(base, capacity: base.load(as: Int.self))
  }
}
