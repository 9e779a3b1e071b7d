/// A hash that is the same in every process and every release: what decides by it stays decided.
enum StableHash {
  /// FNV-1a over the bytes, its bits then mixed as MurmurHash3's finaliser does, because FNV alone
  /// leaves the upper bits of short texts nearly equal.
  static func of(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ (hash >> 33)
  }

  /// A number from 0 up to 1.
  static func fraction(of text: String) -> Double {
    Double(of(text) >> 11) / Double(1 << 53)
  }
}
