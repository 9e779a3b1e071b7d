import Glibc

/// Tells whether a file is still the one that it was, without reading it.
struct FileMark: Sendable, Equatable {
  private let device: UInt64
  private let inode: UInt64
  private let byteCount: Int64
  private let modifiedNanoseconds: Int64

  /// All zeros for one that is not there. Follows links.
  init(_ path: String) {
    var found = Glibc.stat()
    guard stat(path, &found) == 0 else {
      (device, inode, byteCount, modifiedNanoseconds) = (0, 0, 0, 0)
      return
    }
    device = UInt64(found.st_dev)
    inode = UInt64(found.st_ino)
    byteCount = Int64(found.st_size)
    modifiedNanoseconds =
      Int64(found.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(found.st_mtim.tv_nsec)
  }

  /// Why a file cannot be read; `nil` where it can.
  static func obstacle(toReading path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return String(cString: strerror(errno)) }
    defer { Glibc.close(file) }
    var found = Glibc.stat()
    guard fstat(file, &found) == 0 else { return String(cString: strerror(errno)) }
    return found.st_mode & S_IFMT == S_IFREG ? nil : "it is no file"
  }
}
