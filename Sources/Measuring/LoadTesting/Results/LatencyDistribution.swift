import WireFormats

/// How often which latency was measured: ranges in order, none of them empty.
struct LatencyDistribution: Sendable {
  /// Milliseconds, above `low` and up to `high`.
  struct Range: Sendable, Equatable {
    let low: Double
    let high: Double
    let count: Double
  }

  /// A document has fewer; neighbours are joined until it does.
  static let rangesMax = 512

  private(set) var ranges: [Range]

  init(ranges: [Range]) {
    var ranges = ranges
    while ranges.count > Self.rangesMax {
      ranges = stride(from: 0, to: ranges.count, by: 2).map { index in
        guard index + 1 < ranges.count else { return ranges[index] }
        let (first, second) = (ranges[index], ranges[index + 1])
        return Range(low: first.low, high: second.high, count: first.count + second.count)
      }
    }
    self.ranges = ranges
  }

  /// Of a run's latencies, to 1/128 of themselves.
  init(_ latencies: LatencyRecord) {
    self.init(
      ranges: latencies.ranges(digits: 7).map {
        Range(low: Double($0.low) / 1e6, high: Double($0.high) / 1e6, count: Double($0.count))
      })
  }

  /// `[[low, high, count], ...]` of a document; what is not in order is left out.
  init(_ document: JSONValue?) {
    var ranges: [Range] = []
    for element in (document?["ranges_ms"]?.elements ?? []).prefix(Self.rangesMax) {
      let numbers = element.elements.prefix(4).compactMap(\.finite)
      guard numbers.count == 3, numbers[0] >= ranges.last?.high ?? 0, numbers[1] >= numbers[0],
        numbers[2] > 0
      else { continue }
      ranges.append(Range(low: numbers[0], high: numbers[1], count: numbers[2]))
    }
    self.ranges = ranges
  }

  var json: JSONValue {
    let rows = ranges.map { range in
      JSONValue.array([
        .number(range.low), .number(range.high), .integer(Int64(range.count)),
      ])
    }
    return .object([.init("ranges_ms", .array(rows))])
  }

  var count: Double { ranges.reduce(0) { $0 + $1.count } }

  /// The latency that this fraction of all does not exceed, evenly spread within its range.
  func latency(_ fraction: Double) -> Double? {
    let rank = fraction * count
    var below = 0.0
    for range in ranges {
      if below + range.count >= rank - 1e-9 {
        return range.low + (range.high - range.low) * max(0, rank - below) / range.count
      }
      below += range.count
    }
    return ranges.last?.high
  }

  /// How many lie between two latencies.
  func count(from low: Double, to high: Double) -> Double {
    ranges.reduce(0) { sum, range in
      let width = range.high - range.low
      // A range without width is at one place.
      guard width > 0 else { return sum + (range.low >= low && range.low < high ? range.count : 0) }
      let common = min(high, range.high) - max(low, range.low)
      return sum + max(0, common / width) * range.count
    }
  }
}
