import Glibc

/// Which category a value is: numbers by their bits, strings by their bytes.
///
/// An open hash table that is only read once it is made; looking up allocates nothing.
struct CategoryTable: Sendable {
  enum Keys: Sendable {
    /// Whole numbers, or the bits of others; see `bits(of:)`.
    case numbers([Int64])
    case texts([[UInt8]])

    var count: Int {
      switch self {
      case .numbers(let all): all.count
      case .texts(let all): all.count
      }
    }
  }

  private let keys: Keys
  /// Places of keys; -1 where none is. A power of two of them, at most half of them taken.
  private let slots: [Int32]

  /// Of keys that occur more than once the first counts, or the last.
  init(_ keys: Keys, lastCounts: Bool) {
    self.keys = keys
    var size = 4
    while size < keys.count * 2 { size *= 2 }
    var slots = [Int32](repeating: -1, count: size)
    for place in 0..<keys.count {
      let slot: Int
      switch keys {
      case .numbers(let all): slot = Self.slot(of: all[place], in: all, slots)
      case .texts(let all):
        slot = all[place].withUnsafeBytes { Self.slot(of: $0, in: all, slots) }
      }
      if slots[slot] < 0 || lastCounts { slots[slot] = Int32(place) }
    }
    self.slots = slots
  }

  /// The place of a number among the keys.
  func place(of number: Int64) -> Int? {
    guard case .numbers(let all) = keys else { return nil }
    let place = slots[Self.slot(of: number, in: all, slots)]
    return place < 0 ? nil : Int(place)
  }

  /// The place of a string among the keys.
  func place(of text: UnsafeRawBufferPointer) -> Int? {
    guard case .texts(let all) = keys else { return nil }
    let place = slots[Self.slot(of: text, in: all, slots)]
    return place < 0 ? nil : Int(place)
  }

  /// A floating-point number as a key: both zeros are one, and so is every NaN.
  static func bits(of value: Double) -> Int64 {
    if value == 0 { return 0 }
    return Int64(bitPattern: value.isNaN ? Double.nan.bitPattern : value.bitPattern)
  }

  /// Bits that no number has as a key: those of another NaN than `bits(of:)` gives.
  static let bitsOfNothing = Int64(bitPattern: Double.nan.bitPattern | 1)

  private static func slot(of number: Int64, in all: [Int64], _ slots: [Int32]) -> Int {
    let mixed = UInt64(bitPattern: number) &* 0x9e37_79b9_7f4a_7c15
    var slot = Int(truncatingIfNeeded: mixed >> 32) & (slots.count - 1)
    while slots[slot] >= 0, all[Int(slots[slot])] != number {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  /// FNV-1a. The keys are the model's own, so a client's strings cannot make a chain long.
  private static func slot(
    of text: UnsafeRawBufferPointer, in all: [[UInt8]], _ slots: [Int32]
  ) -> Int {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    var slot = Int(truncatingIfNeeded: hash ^ hash >> 32) & (slots.count - 1)
    while slots[slot] >= 0, !isEqual(all[Int(slots[slot])], text) {
      slot = (slot + 1) & (slots.count - 1)
    }
    return slot
  }

  private static func isEqual(_ key: [UInt8], _ text: UnsafeRawBufferPointer) -> Bool {
    guard key.count == text.count else { return false }
    guard let start = text.baseAddress, !text.isEmpty else { return true }
    return key.withUnsafeBytes { own in
      own.baseAddress.map { memcmp($0, start, text.count) == 0 } ?? false
    }
  }
}
