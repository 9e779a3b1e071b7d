/// Whether bytes are well-formed UTF-8, by table 3-7 of the Unicode Standard.
enum UTF8Text {
  /// Bytes of the scalar that `bytes` begins with, or `nil` where it is ill-formed or cut off.
  static func scalarByteCount(at bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let first = bytes.first else { return nil }
    let count: Int
    var second: ClosedRange<UInt8> = 0x80...0xBF
    switch first {
    case 0...0x7F: return 1
    case 0xC2...0xDF: count = 2
    case 0xE0: (count, second) = (3, 0xA0...0xBF)
    case 0xED: (count, second) = (3, 0x80...0x9F)
    case 0xE1...0xEF: count = 3
    case 0xF0: (count, second) = (4, 0x90...0xBF)
    case 0xF1...0xF3: count = 4
    case 0xF4: (count, second) = (4, 0x80...0x8F)
    default: return nil
    }
    guard bytes.count >= count, second.contains(bytes[1]) else { return nil }
    for index in 2..<max(count, 2) where bytes[index] & 0xC0 != 0x80 { return nil }
    return count
  }

  static func isWellFormed(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let bytes = bytes.bindMemory(to: UInt8.self)
    var index = 0
    while index < bytes.count {
      guard let count = scalarByteCount(at: UnsafeBufferPointer(rebasing: bytes[index...])) else {
        return false
      }
      index += count
    }
    return true
  }
}
