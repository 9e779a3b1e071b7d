/// A block of memory that tensors are ranges of; it lives as long as one of them does.
///
/// Written by whoever made it before it is first handed on, and never after: that order is what
/// makes it safe to share between threads. The memory goes back to where it came from (a pool, a
/// network buffer, a mapped region) when the last reference is released, on whichever thread that is.
package final class TensorStorage: @unchecked Sendable {
  /// Where the bytes are.
  package enum Location: Sendable, Hashable {
    case host
    /// A region that a client shares with us, by its registered name; host-addressable.
    case sharedMemory(region: String)
    /// Memory of an accelerator; not addressable from here.
    case device(kind: String, index: Int)
  }

  /// Gives the memory back; called exactly once.
  package typealias Release = @Sendable (UnsafeMutableRawPointer) -> Void

  package let byteCount: Int
  package let location: Location
  private let base: UnsafeMutableRawPointer?
  private let owner: Owner

  private enum Owner {
    case pool(MemoryPool, capacity: Int)
    case object(AnyObject)
    case release(Release)
  }

  /// Fresh host memory, 64-byte aligned, from `pool`. Its bytes are not cleared.
  package init(byteCount: Int, from pool: MemoryPool = .shared) {
    precondition(byteCount >= 0)
    let block = pool.take(byteCount: byteCount)
    self.byteCount = byteCount
    self.location = .host
    self.base = block.base
    self.owner = .pool(pool, capacity: block.capacity)
  }

  /// Memory that `owner` keeps valid and in place for as long as it is referenced.
  package init(bytes: UnsafeMutableRawBufferPointer, keptBy owner: AnyObject) {
    self.byteCount = bytes.count
    self.location = .host
    self.base = bytes.baseAddress
    self.owner = .object(owner)
  }

  /// Memory that `release` gives back, anywhere.
  package init(
    base: UnsafeMutableRawPointer?, byteCount: Int, location: Location,
    release: @escaping Release
  ) {
    self.byteCount = byteCount
    self.location = location
    self.base = base
    self.owner = .release(release)
  }

  deinit {
    switch owner {
    case .pool(let pool, let capacity):
      if let base { pool.giveBack(base, capacity: capacity) }
    case .object: break
    case .release(let release):
      if let base { release(base) }
    }
  }

  /// The bytes, or `nil` where they are not host-addressable: the one accessor for reading.
  @inline(__always)
  package var hostBytes: UnsafeRawBufferPointer? {
    if case .device = location { return nil }
    return UnsafeRawBufferPointer(start: base, count: byteCount)
  }

  /// The bytes for filling, before the storage is first handed on.
  @inline(__always)
  package var hostBytesForFilling: UnsafeMutableRawBufferPointer? {
    if case .device = location { return nil }
    return UnsafeMutableRawBufferPointer(start: base, count: byteCount)
  }
}
