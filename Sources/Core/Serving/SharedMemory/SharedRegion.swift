import Glibc
package import Inference

/// System shared memory that a client registered: a range of a POSIX shared memory object, open for
/// as long as somebody refers to it.
///
/// It is read and written with `pread` and `pwrite`, never mapped: the client may shorten the object
/// at any moment, which ends a process that reads the mapped pages (SIGBUS), and may change the bytes
/// while we check them. Here a shortened object is a short read, and what was read stays as it was.
/// Calls come from any thread and block for as long as copying takes.
package final class SharedRegion: Sendable {
  package let name: String
  /// As `shm_open` takes it.
  package let key: String
  /// Where the region begins in the object.
  package let byteOffset: Int
  package let byteCount: Int
  private let descriptor: Int32

  private static let keyBytesMax = 255

  /// Opens the object and checks its size.
  init(
    name: String, key: String, byteOffset: Int, byteCount: Int
  ) throws(InputProblem) {
    try Self.check(key)
    guard byteOffset >= 0, byteCount > 0, byteOffset <= Int.max - byteCount else {
      throw .parameter(
        "byte_size", expected: "1 or more bytes from offset 0 or more",
        got: "\(byteCount) from \(byteOffset)")
    }
    // Not to wait for somebody at the other end, should it be a pipe.
    let opened = shm_open(key, O_RDWR | O_CLOEXEC | O_NONBLOCK, 0)
    guard opened >= 0 else {
      throw .parameter(
        "key", expected: "a POSIX shared memory object that this server may open",
        got: "\(key): \(String(cString: strerror(errno)))")
    }
    self.name = name
    self.key = key
    self.byteOffset = byteOffset
    self.byteCount = byteCount
    descriptor = opened
    // From here on `deinit` closes it.
    guard let found = status, found.st_mode & S_IFMT == S_IFREG else {
      throw .parameter("key", expected: "a POSIX shared memory object", got: key)
    }
    guard byteOffset + byteCount <= Int(found.st_size) else {
      throw .parameter(
        "byte_size", expected: "no more than the \(found.st_size) bytes of \(key)",
        got: "\(byteCount) from \(byteOffset)")
    }
  }

  deinit { close(descriptor) }

  /// A name and no path: one slash may lead it, as POSIX has it, and none may follow.
  private static func check(_ key: String) throws(InputProblem) {
    let bare = key.hasPrefix("/") ? key.dropFirst() : key[...]
    let isName =
      !bare.isEmpty && bare != "." && bare != ".." && bare.utf8.count <= keyBytesMax
      && bare.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    if !isName {
      throw .parameter(
        "key", expected: "the name of a POSIX shared memory object, without a path", got: key)
    }
    // What this program shares with its own workers is nobody's tensor.
    if bare.hasPrefix("apus-") {
      throw .parameter("key", expected: "another name than those of this server's own", got: key)
    }
  }

  private var status: stat? {
    var found = stat()
    return fstat(descriptor, &found) == 0 ? found : nil
  }

  /// The owner has removed the object: nobody can open it any more, and its memory is held by those
  /// who have it open.
  var isRemoved: Bool { (status?.st_nlink ?? 0) == 0 }
}

// MARK: - Reading and writing

extension SharedRegion {
  /// A copy of a range.
  package func read(_ span: RegionSpan) throws(InputProblem) -> TensorStorage {
    try check(span)
    let storage = TensorStorage(byteCount: span.byteCount)
    guard let memory = storage.hostBytesForFilling else { return storage }
    var filled = 0
    while filled < span.byteCount {
      let count = pread(
        descriptor, memory.baseAddress.map { $0 + filled }, span.byteCount - filled,
        off_t(byteOffset + span.byteOffset + filled))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw shortened(span) }
      filled += count
    }
    return storage
  }

  /// Writes the whole of `bytes` to the beginning of a range.
  package func write(
    _ bytes: UnsafeRawBufferPointer, to span: RegionSpan
  ) throws(InputProblem) {
    try check(span)
    precondition(bytes.count <= span.byteCount, "more bytes than the range has")
    // A write beyond the end would make the object longer again.
    let end = byteOffset + span.byteOffset + bytes.count
    guard let size = status?.st_size, end <= Int(size) else { throw shortened(span) }
    var written = 0
    while written < bytes.count {
      let count = pwrite(
        descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written,
        off_t(byteOffset + span.byteOffset + written))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw shortened(span) }
      written += count
    }
  }

  private func check(_ span: RegionSpan) throws(InputProblem) {
    guard span.byteOffset >= 0, span.byteCount >= 0, span.byteOffset <= byteCount,
      span.byteCount <= byteCount - span.byteOffset
    else {
      throw .parameter(
        "shared_memory_byte_size", expected: "a range within the \(byteCount) bytes of \(name)",
        got: "\(span.byteCount) from \(span.byteOffset)")
    }
  }

  private func shortened(_ span: RegionSpan) -> InputProblem {
    .parameter(
      "shared_memory_region", expected: "an object of the size that it had when it was registered",
      got: "\(name), which was made smaller")
  }
}
