import Glibc

/// The C library's allocator, told how this program uses it.
enum Allocator {
  /// Keeps multi-megabyte blocks in the heap: otherwise each large buffer is mapped, faulted in page
  /// by page and unmapped again, which costs more than using it. 32 MiB is the most that glibc takes.
  static func keepLargeBlocks() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20)
    mallopt(M_TRIM_THRESHOLD, 256 << 20)
  }
}
