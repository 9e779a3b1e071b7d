import Glibc

/// The C library's allocator, told how this program uses it.
enum Allocator {
  /// Keeps multi-megabyte blocks in the heap: otherwise each large buffer is mapped, faulted in page
  /// by page and unmapped again, which costs more than using it. 32 MiB is the most that glibc takes
  /// as the threshold. Where the C library has no `mallopt`, nothing is changed.
  static func keepLargeBlocks() {
    // <malloc.h> is not in the Glibc module, so the function is looked up by its name; the numbers
    // are M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    typealias Mallopt = @convention(c) (Int32, Int32) -> Int32
    guard let address = dlsym(nil, "mallopt") else { return }
    let mallopt = unsafeBitCast(address, to: Mallopt.self)
    _ = mallopt(-3, 32 << 20)
    _ = mallopt(-1, 256 << 20)
  }
}
