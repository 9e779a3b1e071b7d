/// Arrays at addresses that do not move, each aligned to a cache line; gone with their owner.
///
/// Filled by one thread, read by any afterwards.
final class TreeMemory {
  private var pieces: [UnsafeMutableRawPointer] = []
  private(set) var byteCount = 0

  deinit {
    for piece in pieces { piece.deallocate() }
  }

  /// A copy, followed by a cache line of zeros, so that whole vectors may be read at its end.
  func kept<Element: BitwiseCopyable>(_ elements: [Element]) -> UnsafeMutablePointer<Element> {
    let place = room(for: Element.self, count: elements.count)
    elements.withUnsafeBufferPointer { source in
      guard let start = source.baseAddress else { return }
      place.update(from: start, count: source.count)
    }
    return place
  }

  /// Zeros.
  func room<Element: BitwiseCopyable>(
    for type: Element.Type, count: Int
  ) -> UnsafeMutablePointer<Element> {
    let size = (count * MemoryLayout<Element>.stride + 127) & ~63
    let piece = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
    _ = piece.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    pieces.append(piece)
    byteCount += size
    return piece.assumingMemoryBound(to: type)
  }
}
