/// How long a version that was given up waits before it is loaded again.
///
/// Doubles from a second to five minutes, moved by up to a fifth either way so that versions which
/// fell together do not rise together. The same seed gives the same times.
struct ReloadBackoff: Sendable {
  private var state: UInt64

  static let first = Duration.seconds(1)
  static let longest = Duration.seconds(300)

  init(seed: UInt64) { state = seed }

  /// The wait after that many failures in a row, 1 or more.
  mutating func delay(afterFailures count: Int) -> Duration {
    let doubled = Self.first * (1 << min(max(count, 1) - 1, 20))
    let permille = 800 + Int(next() % 401)
    return min(doubled, Self.longest) * permille / 1_000
  }

  /// SplitMix64 (Steele, Lea and Flood, 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
