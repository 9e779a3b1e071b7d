import Glibc
import Inference

/// A model's bytes while it is read: a file, or a part of the program.
enum ModelBytes {
  /// Calls `body` with all bytes of the source, which may go afterwards. Blocks on the file.
  static func read<Product>(
    _ source: Inference.ModelSource,
    _ body: (UnsafeRawBufferPointer) throws(RuntimeFault) -> Product
  ) throws(RuntimeFault) -> Product {
    switch source {
    case .embedded(_, let bytes): return try body(bytes.bytes)
    case .file(let path): return try read(file: path, body)
    }
  }

  /// Whether a mark is among the first bytes of the source. Blocks on the file.
  static func begins(_ source: Inference.ModelSource, with mark: StaticString) -> Bool {
    switch source {
    case .embedded(_, let bytes): return contains(mark, bytes.bytes.prefix(headByteCount))
    case .file(let path):
      let descriptor = open(path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return false }
      defer { close(descriptor) }
      return withUnsafeTemporaryAllocation(byteCount: headByteCount, alignment: 64) { memory in
        let count = Glibc.read(descriptor, memory.baseAddress, memory.count)
        return contains(mark, UnsafeRawBufferPointer(memory).prefix(max(0, count)))
      }
    }
  }

  /// The nodes of an ONNX file stand before its weights.
  private static let headByteCount = 1 << 20

  private static func contains(
    _ mark: StaticString, _ bytes: Slice<UnsafeRawBufferPointer>
  ) -> Bool {
    let count = mark.utf8CodeUnitCount
    guard var place = UnsafeRawBufferPointer(rebasing: bytes).baseAddress else { return false }
    let end = place + bytes.count
    while end - place >= count,
      let found = memchr(place, Int32(mark.utf8Start[0]), end - place - count + 1)
    {
      if memcmp(found, mark.utf8Start, count) == 0 { return true }
      place = UnsafeRawPointer(found) + 1
    }
    return false
  }

  private static func read<Product>(
    file path: String, _ body: (UnsafeRawBufferPointer) throws(RuntimeFault) -> Product
  ) throws(RuntimeFault) -> Product {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw unreadable(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw unreadable(path) }
    let count = Int(status.st_size)
    guard count > 0 else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
    // A copy, not a mapping: a file that somebody cuts off meanwhile would end the process.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
    defer { memory.deallocate() }
    var filled = 0
    while filled < count {
      let step = Glibc.read(descriptor, memory.baseAddress.map { $0 + filled }, count - filled)
      if step < 0, errno == EINTR { continue }
      guard step >= 0 else { throw unreadable(path) }
      if step == 0 { break }
      filled += step
    }
    return try body(UnsafeRawBufferPointer(rebasing: memory[..<filled]))
  }

  private static func unreadable(_ path: String) -> RuntimeFault {
    RuntimeFault(
      code: .invalidModel, message: "\(path) cannot be read: \(String(cString: strerror(errno)))")
  }
}
