import Glibc

/// The C library's allocator, told how this program uses it.
enum Allocator {
  /// Keeps multi-megabyte blocks in the heap: otherwise each large buffer is mapped, faulted in page
  /// by page and unmapped again, which costs more than using it. 32 MiB is the most that glibc takes
  /// as the threshold. Where the C library has no `mallopt`, nothing is changed.
  ///
  /// Heaps are few, one for four cores, because `malloc_trim` does not shorten any but the first: with
  /// glibc's eight a core, 50 reloads of yolo11n grew from 77 MiB to 142; with one heap they stay
  /// within 1 MiB, with two they settle some 12 MiB higher.
  static func keepLargeBlocks(cores: Int) {
    // <malloc.h> is not in the Glibc module, so the function is looked up by its name; the numbers
    // are M_MMAP_THRESHOLD, M_TRIM_THRESHOLD and M_ARENA_MAX.
    typealias Mallopt = @convention(c) (Int32, Int32) -> Int32
    guard let address = dlsym(nil, "mallopt") else { return }
    let mallopt = unsafeBitCast(address, to: Mallopt.self)
    _ = mallopt(-3, 32 << 20)
    _ = mallopt(-1, 256 << 20)
    _ = mallopt(-8, Int32(max(1, cores / 4)))
  }
}
