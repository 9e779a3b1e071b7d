/// The 99th percentile of recent latencies, to within an eighth.
///
/// Counts by size, eight to each power of two; when a thousand are in, all counts are halved, so
/// that what was long ago weighs little.
struct LatencySketch: Sendable {
  private var counts = [UInt16](repeating: 0, count: 64 * 8)
  private var total = 0

  /// Latencies before anything is said, and after which the old ones count half.
  private static let needed = 100
  private static let halvedAt = 1_000

  mutating func add(_ nanoseconds: UInt64) {
    counts[Self.place(of: nanoseconds)] += 1
    total += 1
    guard total >= Self.halvedAt else { return }
    total = 0
    for place in counts.indices {
      counts[place] /= 2
      total += Int(counts[place])
    }
  }

  /// Upper end of the place that holds it; `nil` until enough were seen.
  var p99: UInt64? {
    guard total >= Self.needed else { return nil }
    var left = total / 100
    for place in counts.indices.reversed() {
      left -= Int(counts[place])
      if left < 0 { return Self.upperEnd(of: place) }
    }
    return nil
  }

  private static func place(of nanoseconds: UInt64) -> Int {
    guard nanoseconds >= 8 else { return Int(nanoseconds) }
    let power = 63 - nanoseconds.leadingZeroBitCount
    return power * 8 + Int(nanoseconds >> UInt64(power - 3) & 7)
  }

  private static func upperEnd(of place: Int) -> UInt64 {
    guard place >= 24 else { return UInt64(place) }
    let power = place / 8
    return (UInt64(8 + place % 8) << UInt64(power - 3)) + (1 << UInt64(power - 3)) - 1
  }
}
