/// The generator MT19937 of Matsumoto and Nishimura (1998), because MLPerf's load generator uses it:
/// the same seed gives the same arrivals.
struct MersenneTwister: Sendable {
  private static let length = 624
  private static let middle = 397
  private var words: [UInt32]
  private var place = length

  /// Takes the lower half of the seed, as the C++ library does.
  init(seed: UInt64) {
    words = [UInt32(truncatingIfNeeded: seed)]
    for index in 1..<Self.length {
      let last = words[index - 1]
      words.append(1_812_433_253 &* (last ^ last >> 30) &+ UInt32(index))
    }
  }

  mutating func next() -> UInt32 {
    if place == Self.length { twist() }
    var word = words[place]
    place += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C_5680
    word ^= word << 15 & 0xEFC6_0000
    return word ^ word >> 18
  }

  private mutating func twist() {
    for index in 0..<Self.length {
      let joined =
        words[index] & 0x8000_0000 | words[(index + 1) % Self.length] & 0x7FFF_FFFF
      let far = words[(index + Self.middle) % Self.length]
      words[index] = far ^ joined >> 1 ^ (joined & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    place = 0
  }

  /// At least 0 and below 1, of two words, the first for the lower half.
  mutating func fraction() -> Double {
    let low = Double(next())
    let high = Double(next())
    let fraction = (low + high * 4_294_967_296) / 18_446_744_073_709_551_616
    return fraction < 1 ? fraction : 1 - Double.ulpOfOne / 2
  }

  /// Evenly from 0 and below `count`, which may not exceed 2^32.
  mutating func index(below count: Int) -> Int {
    Int((UInt64(next()) * UInt64(count)) >> 32)
  }
}

/// What makes a run repeatable: which inputs are asked in which order, and when.
package struct LoadSeeds: Sendable, Equatable {
  package let samples: UInt64
  package let schedule: UInt64

  /// Those of MLPerf inference, rules of 2026.
  package static let standard = LoadSeeds(
    samples: 2_747_215_439_041_700_203, schedule: 16_159_082_839_903_944_936)

  /// Both from one number.
  package init(_ seed: UInt64) {
    // Equal seeds would tie the order of the inputs to the times.
    self.init(samples: seed ^ 0x5DEE_CE66, schedule: seed)
  }

  /// Others, for each number.
  func shifted(by number: UInt64) -> LoadSeeds {
    LoadSeeds(samples: samples &+ number, schedule: schedule &+ number)
  }

  private init(samples: UInt64, schedule: UInt64) {
    self.samples = samples
    self.schedule = schedule
  }
}
