import Glibc
package import Inference
@_spi(CustomByteBufferAllocator) package import NIOCore
package import Synchronization

/// Lets a network buffer send a tensor's memory as it lies there.
///
/// A `ByteBuffer` frees its memory through a C function that is told an address and nothing else;
/// this table says to whom the address belongs. One short lock for each large tensor that is sent.
/// The SPI is of the one NIO release that the manifest pins; when it goes, `copy` is what is left.
package enum AdoptedBytes {
  /// Tensors below this size are copied: that costs less than the table.
  package static let byteCountMin = 16 << 10

  private static let owners = Guarded<[UInt: [TensorStorage]]>([:])

  /// Tensors sent without a copy, and bytes that were copied on the way out; for benchmarks and
  /// the tests that hold us to "none out".
  package static let adoptedCount = Atomic<Int>(0)
  package static let copiedByteCount = Atomic<Int>(0)

  /// The tensor's bytes as a network buffer: adopted where that pays, else copied. `nil` where they
  /// are not on the host. The storage lives until the buffer has been sent.
  package static func buffer(of tensor: Tensor) -> ByteBuffer? {
    guard let bytes = tensor.hostBytes else { return nil }
    guard bytes.count >= byteCountMin, let base = bytes.baseAddress else {
      copiedByteCount.wrappingAdd(bytes.count, ordering: .relaxed)
      return ByteBuffer(bytes: bytes)
    }
    adoptedCount.wrappingAdd(1, ordering: .relaxed)
    owners.withLock { $0[UInt(bitPattern: base), default: []].append(tensor.storage) }
    // Never written through: nothing of ours changes a buffer after it was made, and a change by
    // NIO would copy first.
    let memory = UnsafeMutableRawBufferPointer(mutating: bytes)
    return ByteBuffer(takingOwnershipOf: memory, allocator: allocator)
  }

  private static let allocator = ByteBufferAllocator(
    allocate: { malloc($0) },
    reallocate: { old, oldCount, newCount in
      guard let old else { return malloc(newCount) }
      guard let fresh = malloc(newCount) else { return nil }
      memcpy(fresh, old, min(oldCount, newCount))
      AdoptedBytes.giveBack(old)
      return fresh
    },
    deallocate: { AdoptedBytes.giveBack($0) },
    copy: { target, source, count in memcpy(target, source, count) })

  private static func giveBack(_ base: UnsafeMutableRawPointer) {
    let owner = owners.withLock { owners -> TensorStorage? in
      let key = UInt(bitPattern: base)
      guard let owner = owners[key]?.popLast() else { return nil }
      if owners[key]?.isEmpty == true { owners[key] = nil }
      return owner
    }
    // Without an owner it is a copy that a change of the buffer made.
    if owner == nil { free(base) }
  }
}
