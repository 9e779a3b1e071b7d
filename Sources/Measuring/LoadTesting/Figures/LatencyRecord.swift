/// Latencies of one run, in nanoseconds, from which percentiles are read.
///
/// Keeps every value, and so gives exact percentiles, up to `exactCountMax`; from there on it counts
/// values in ranges that are at most 1/1,024 of themselves wide and gives the upper end of a range.
/// Never takes more than `exactCountMax` values or 60,000 counters. A value type: one owner, no lock.
package struct LatencyRecord: Sendable {
  /// Values that are kept one by one.
  package static let exactCountMax = 1 << 20

  private let exactMax: Int
  private var values: [UInt64] = []
  private var isSorted = true
  /// Counters by range; empty while all values are kept.
  private var counters: [UInt64] = []
  private var sum = 0.0
  package private(set) var count = 0
  package private(set) var largest: UInt64 = 0

  package init(exactCountMax: Int = LatencyRecord.exactCountMax) { exactMax = exactCountMax }

  package mutating func add(_ nanoseconds: UInt64) {
    count += 1
    sum += Double(nanoseconds)
    largest = max(largest, nanoseconds)
    guard counters.isEmpty else {
      counters[LatencyRange.index(of: nanoseconds)] += 1
      return
    }
    values.append(nanoseconds)
    isSorted = false
    if values.count > exactMax { beginCounting() }
  }

  /// Adds all that another record has.
  package mutating func add(_ other: LatencyRecord) {
    if other.counters.isEmpty {
      for value in other.values { add(value) }
      return
    }
    if counters.isEmpty { beginCounting() }
    for (index, amount) in other.counters.enumerated() { counters[index] += amount }
    count += other.count
    sum += other.sum
    largest = max(largest, other.largest)
  }

  private mutating func beginCounting() {
    counters = [UInt64](repeating: 0, count: LatencyRange.count)
    for value in values { counters[LatencyRange.index(of: value)] += 1 }
    values = []
  }

  /// Nanoseconds; `nil` where there is no value.
  package var mean: Double? { count == 0 ? nil : sum / Double(count) }

  /// Puts the values in order, so that what is read afterwards need not do it each time.
  package mutating func sort() {
    guard !isSorted else { return }
    values.sort()
    isSorted = true
  }

  /// The smallest value that is not exceeded by at least this fraction of all values (nearest rank);
  /// `nil` where there is no value.
  package func percentile(_ fraction: Double) -> UInt64? {
    guard count > 0 else { return nil }
    // The product of a fraction such as 0.9 and a count may lie a hair above a whole number.
    let rank = Int((fraction * Double(count) - 1e-9).rounded(.up))
    return value(atRank: min(max(rank, 1), count))
  }

  /// The value that is the `rank`th smallest, counted from 1.
  package func value(atRank rank: Int) -> UInt64 {
    precondition(rank >= 1 && rank <= count, "rank \(rank) of \(count) values")
    if counters.isEmpty { return isSorted ? values[rank - 1] : values.sorted()[rank - 1] }
    var below: UInt64 = 0
    for (index, amount) in counters.enumerated() {
      below += amount
      if below >= UInt64(rank) { return min(LatencyRange.upperEnd(of: index), largest) }
    }
    return largest
  }

  /// How many values lie in which range, in order and without the empty ones; ranges are one part in 2 to
  /// the power of `digits` of themselves wide, 10 at most. The first begins at the least value, the last
  /// ends at the largest, as far as they are known.
  func ranges(digits: UInt64) -> [(low: UInt64, high: UInt64, count: Int)] {
    var counts: [Int: Int] = [:]
    var least = UInt64.max
    for value in values {
      counts[LatencyRange.index(of: value, digits: digits), default: 0] += 1
      least = min(least, value)
    }
    for (index, amount) in counters.enumerated() where amount > 0 {
      let end = LatencyRange.upperEnd(of: index)
      counts[LatencyRange.index(of: end, digits: digits), default: 0] += Int(amount)
    }
    let all = counts.sorted { $0.key < $1.key }
    return all.map { index, count in
      let low = index == 0 ? 0 : LatencyRange.upperEnd(of: index - 1, digits: digits)
      let isFirst = index == all[0].key && least < .max
      return (
        low: isFirst ? least : low,
        high: min(LatencyRange.upperEnd(of: index, digits: digits), largest), count: count
      )
    }
  }

  /// How many values exceed a bound; where values are counted in ranges, one whose range does is in
  /// doubt and counts.
  package func count(over bound: UInt64) -> Int {
    guard !counters.isEmpty else { return values.reduce(0) { $0 + ($1 > bound ? 1 : 0) } }
    return counters.indices.reduce(0) { total, index in
      total + (LatencyRange.upperEnd(of: index) > bound ? Int(counters[index]) : 0)
    }
  }
}

/// Ranges of values, as in an HDR histogram: 2 to the power of `digits` of equal width for each power of
/// two; 1,024 unless less will do.
enum LatencyRange {
  static let count = (64 - 10 + 1) << 10

  static func index(of value: UInt64, digits: UInt64 = 10) -> Int {
    guard value >= 1 << digits else { return Int(value) }
    let shift = UInt64(63 - value.leadingZeroBitCount) - digits
    return Int(shift) << digits + Int(value >> shift)
  }

  /// The largest value of a range.
  static func upperEnd(of index: Int, digits: UInt64 = 10) -> UInt64 {
    let octave = index >> digits
    guard octave > 0 else { return UInt64(index) }
    let shift = UInt64(octave - 1)
    let mantissa = UInt64(index - (octave - 1) << digits)
    return mantissa << shift + (1 << shift - 1)
  }
}
