import Glibc
import Synchronization

/// Keeps freed large blocks for the next tensor of about that size, on huge pages where they fill some.
///
/// Without it every multi-megabyte block is mapped, faulted in page by page and unmapped again,
/// which costs more than copying it. Small blocks go straight to the allocator, which has
/// per-thread caches of its own. What is kept never exceeds `keptBytesMax`.
package final class MemoryPool: Sendable {
  /// The pool that tensors use unless told otherwise.
  package static let shared = MemoryPool(keptBytesMax: 256 << 20)

  /// Blocks from this size on are kept.
  package static let keptBlockBytesMin = 64 << 10
  /// Alignment of every block: one cache line, and one AVX-512 vector.
  package static let alignment = 64

  /// The size and alignment of a huge page on x86-64, and on AArch64 with pages of 4 KiB.
  private static let hugePageBytes = 2 << 20

  private let keptBytesMax: Int
  private let state = Guarded(Kept())

  /// Addresses, not pointers, so that the lock may hold them; each is owned by the pool alone.
  private struct Kept {
    var blocks: [Int: [UInt]] = [:]
    var bytes = 0

    mutating func take(_ capacity: Int, slack: Int) -> (address: UInt, capacity: Int)? {
      var size = capacity
      for _ in 0...slack {
        if let address = blocks[size]?.popLast() {
          bytes -= size
          return (address, size)
        }
        size = MemoryPool.capacity(for: size + 1)
      }
      return nil
    }
  }

  package init(keptBytesMax: Int) { self.keptBytesMax = keptBytesMax }

  deinit {
    state.withLock { kept in
      for address in kept.blocks.values.joined() {
        UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
      }
    }
  }

  /// Bytes that lie ready for reuse.
  package var keptByteCount: Int { state.withLock { $0.bytes } }

  /// Frees everything that is not in use; after a model was unloaded, say.
  package func trim() {
    let freed = state.withLock { kept in
      defer { kept = Kept() }
      return kept.blocks
    }
    for address in freed.values.joined() {
      UnsafeMutableRawPointer(bitPattern: address)?.deallocate()
    }
  }

  /// A block of at least `byteCount` bytes, uninitialised, to be given back with its capacity.
  ///
  /// - Parameter slack: how many sizes above its own may serve, eight to a doubling, before memory is
  ///   taken that nobody has touched; for blocks that are soon given back.
  package func take(
    byteCount: Int, slack: Int = 0
  ) -> (base: UnsafeMutableRawPointer, capacity: Int) {
    let capacity = Self.capacity(for: byteCount)
    if capacity >= Self.keptBlockBytesMin,
      let (address, kept) = state.withLock({ $0.take(capacity, slack: slack) }),
      let base = UnsafeMutableRawPointer(bitPattern: address)
    {
      return (base, kept)
    }
    return (Self.allocate(capacity), capacity)
  }

  package func giveBack(_ base: UnsafeMutableRawPointer, capacity: Int) {
    let isKept =
      capacity >= Self.keptBlockBytesMin
      && state.withLock { kept in
        guard kept.bytes + capacity <= keptBytesMax else { return false }
        kept.blocks[capacity, default: []].append(UInt(bitPattern: base))
        kept.bytes += capacity
        return true
      }
    if !isKept { base.deallocate() }
  }

  /// A block of its size from the allocator, on huge pages where it fills some: a tensor of 5 MB lies on
  /// 1,200 ordinary pages, whose translations a model has to look up again each time it walks over it.
  private static func allocate(_ capacity: Int) -> UnsafeMutableRawPointer {
    guard capacity >= hugePageBytes else {
      return .allocate(byteCount: capacity, alignment: alignment)
    }
    let base = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: hugePageBytes)
    // A kernel without huge pages refuses, and the block is as good as any.
    _ = madvise(base, capacity & ~(hugePageBytes - 1), MADV_HUGEPAGE)
    return base
  }

  /// Rounds up so that tensors of nearly one size share blocks: to the cache line when small, else
  /// to an eighth of the size's power of two, which wastes an eighth at most.
  static func capacity(for byteCount: Int) -> Int {
    guard byteCount > keptBlockBytesMin else { return max(64, (byteCount + 63) & ~63) }
    let step = 1 << (Int.bitWidth - 1 - byteCount.leadingZeroBitCount - 3)
    return (byteCount + step - 1) & ~(step - 1)
  }
}
