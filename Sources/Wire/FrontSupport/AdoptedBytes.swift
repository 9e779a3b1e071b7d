import Glibc
package import Inference
@_spi(CustomByteBufferAllocator) package import NIOCore
import Synchronization
package import WireFormats

/// Lets a network buffer be a tensor's memory: sends it as it lies there, reads straight into it.
///
/// A `ByteBuffer` frees its memory through a C function that is told an address and nothing else;
/// this table says to whom the address belongs. One short lock for each large tensor that is sent.
/// The SPI is of the one NIO release that the manifest pins; when it goes, `copy` is what is left.
package enum AdoptedBytes {
  /// Tensors below this size are copied: that costs less than the table.
  package static let byteCountMin = 16 << 10

  private static let owners = Guarded<[UInt: Owners]>([:])

  /// Who keeps an address valid: one storage for each buffer over it, nearly always a single one.
  private struct Owners {
    let first: TensorStorage
    var others: [TensorStorage] = []
  }

  private static func adopt(_ base: UnsafeRawPointer?, for owner: TensorStorage) {
    owners.withLock { owners in
      let key = UInt(bitPattern: base)
      // Looked up before it is changed: a change through an optional allocates.
      if let place = owners.index(forKey: key) {
        owners.values[place].others.append(owner)
      } else {
        owners.updateValue(Owners(first: owner), forKey: key)
      }
    }
  }

  /// The tensor's bytes as a network buffer: adopted where that pays, else copied. `nil` where they
  /// are not on the host. The storage lives until the buffer has been sent.
  package static func buffer(of tensor: Tensor) -> ByteBuffer? {
    guard let bytes = tensor.hostBytes else { return nil }
    guard bytes.count >= byteCountMin, let base = bytes.baseAddress else {
      return ByteBuffer(bytes: bytes)
    }
    adopt(base, for: tensor.storage)
    // Never written through: nothing of ours changes a buffer after it was made, and a change by
    // NIO would copy first.
    let memory = UnsafeMutableRawBufferPointer(mutating: bytes)
    return ByteBuffer(takingOwnershipOf: memory, allocator: allocator)
  }

  /// An empty network buffer over memory that is to be filled by one read. It is never larger than
  /// that memory, and never written to but by the read.
  package static func emptyBuffer(in memory: BodyMemory) -> ByteBuffer {
    let bytes = UnsafeMutableRawBufferPointer(rebasing: memory.bytes.prefix(readByteCountMax))
    adopt(bytes.baseAddress, for: memory.owner)
    return ByteBuffer(takingOwnershipOf: bytes, allocator: allocator, writerIndex: 0)
  }

  /// What one read takes at most, so that a connection does not hold its loop for long.
  private static let readByteCountMax = 1 << 20

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
      guard let place = owners.index(forKey: key) else { return nil }
      if owners.values[place].others.isEmpty { return owners.remove(at: place).value.first }
      return owners.values[place].others.removeLast()
    }
    // Without an owner it is a copy that a change of the buffer made.
    if owner == nil { free(base) }
  }
}
