import Glibc
import Inference

/// Memory that nobody uses and that the process still has.
enum ReturnedMemory {
  /// Gives it to the system: what the pool keeps for the next tensor, then what the allocator keeps.
  /// Takes milliseconds; not on an event loop.
  static func giveBack() {
    MemoryPool.shared.trim()
    // <malloc.h> is not in the Glibc module; another C library may not have the function at all.
    typealias Trim = @convention(c) (Int) -> Int32
    guard let address = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(address, to: Trim.self)(0)
  }
}
