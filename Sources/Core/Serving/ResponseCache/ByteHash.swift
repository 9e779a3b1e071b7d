/// A fast hash of many bytes, to find what may be equal.
///
/// Each step multiplies two words, mixed with secrets, to 128 bits and folds the halves, as wyhash
/// does; four lanes keep the multiplier busy on long inputs. The secrets differ from process to
/// process, so that nobody can prepare inputs that fall together. Equal hashes are no proof of
/// equal bytes.
struct ByteHash {
  /// What makes the hashes of this process its own.
  struct Secret: Sendable {
    fileprivate let words: (UInt64, UInt64, UInt64, UInt64)

    init(_ generator: inout some RandomNumberGenerator) {
      words = (generator.next(), generator.next(), generator.next(), generator.next())
    }
  }

  private let secret: Secret
  private(set) var value: UInt64

  init(_ secret: Secret) {
    self.secret = secret
    value = secret.words.0
  }

  mutating func add(_ number: UInt64) {
    value = Self.fold(value ^ secret.words.1, number ^ secret.words.2)
  }

  /// Adds the bytes and how many they are.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    add(UInt64(bytes.count))
    let wide = bytes.count / 64 * 64
    if wide > 0 { addBlocks(UnsafeRawBufferPointer(rebasing: bytes[..<wide])) }
    var offset = wide
    while offset + 8 <= bytes.count {
      add(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    guard offset < bytes.count else { return }
    var last: UInt64 = 0
    for byte in bytes[offset...] { last = last << 8 | UInt64(byte) }
    add(last)
  }

  /// Whole blocks of 64 bytes, each lane taking two words of every block.
  private mutating func addBlocks(_ bytes: UnsafeRawBufferPointer) {
    var lanes = (value, value ^ secret.words.1, value ^ secret.words.2, value ^ secret.words.3)
    var offset = 0
    while offset < bytes.count {
      lanes.0 = step(lanes.0, bytes, offset, secret.words.0)
      lanes.1 = step(lanes.1, bytes, offset + 16, secret.words.1)
      lanes.2 = step(lanes.2, bytes, offset + 32, secret.words.2)
      lanes.3 = step(lanes.3, bytes, offset + 48, secret.words.3)
      offset += 64
    }
    add(lanes.0)
    add(lanes.1)
    add(lanes.2)
    add(lanes.3)
  }

  @inline(__always)
  private func step(
    _ lane: UInt64, _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ word: UInt64
  ) -> UInt64 {
    Self.fold(
      bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ word,
      bytes.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self) ^ lane)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}
