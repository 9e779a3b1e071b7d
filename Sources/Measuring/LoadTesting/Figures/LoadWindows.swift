/// A run over time: windows of equal length, by when queries ended.
///
/// Begins with windows of 10 ms; where `countMax` of them are full, neighbours are joined in pairs, so
/// that a run of any length has at most so many, and one of six seconds and more at least half of them.
/// A value type: one owner, no lock.
package struct LoadWindows: Sendable {
  package static let countMax = 600
  private static let firstWidthNanoseconds: UInt64 = 10_000_000

  /// How long each window is.
  package private(set) var widthNanoseconds = firstWidthNanoseconds
  /// In the order of time, from the run's beginning to the last query that ended.
  package private(set) var windows: [LoadWindow] = []

  package init() {}

  /// - Parameters:
  ///   - moment: nanoseconds from the run's beginning to the query's end.
  ///   - latencyNanoseconds: `nil` where the query failed.
  mutating func add(at moment: UInt64, latencyNanoseconds: UInt64?, sampleCount: Int) {
    let index = place(of: moment)
    windows[index].add(latencyNanoseconds, sampleCount: sampleCount)
  }

  /// Adds all that a run had that was measured after this one, as if it had begun at the end of this
  /// one's last window.
  mutating func append(_ other: LoadWindows) {
    guard !windows.isEmpty else {
      self = other
      return
    }
    var other = other
    while other.widthNanoseconds < widthNanoseconds { other.joinPairs() }
    while widthNanoseconds < other.widthNanoseconds { joinPairs() }
    windows += other.windows
    while windows.count > Self.countMax { joinPairs() }
  }

  /// The same in windows as wide as it takes to have so many at most, 1 or more.
  func joined(atMost count: Int) -> LoadWindows {
    var joined = self
    while joined.windows.count > max(1, count) { joined.joinPairs() }
    return joined
  }

  /// The last windows that are over and last at least so long together, as one, and what it answered a
  /// second.
  func last(nanoseconds: UInt64) -> (window: LoadWindow, rate: Double) {
    let over = windows.dropLast()
    let count = max(1, Int((nanoseconds + widthNanoseconds - 1) / widthNanoseconds))
    var joined = LoadWindow()
    for window in over.suffix(count) { joined.add(window) }
    let seconds = Double(widthNanoseconds) * Double(min(count, over.count)) / 1e9
    return (joined, seconds > 0 ? Double(joined.answeredSampleCount) / seconds : 0)
  }

  /// Of half of the windows no more were answered.
  var medianAnsweredCount: Int {
    let counts = windows.map(\.answeredCount).sorted()
    return counts.isEmpty ? 0 : counts[counts.count / 2]
  }

  private mutating func place(of moment: UInt64) -> Int {
    while moment / widthNanoseconds >= UInt64(Self.countMax) { joinPairs() }
    let index = Int(moment / widthNanoseconds)
    while windows.count <= index { windows.append(LoadWindow()) }
    return index
  }

  private mutating func joinPairs() {
    widthNanoseconds *= 2
    windows = stride(from: 0, to: windows.count, by: 2).map { index in
      var joined = windows[index]
      if index + 1 < windows.count { joined.add(windows[index + 1]) }
      return joined
    }
  }
}

/// What ended in one length of time.
package struct LoadWindow: Sendable {
  /// Ranges of latencies, 32 for each power of two: their ends lie 3 % apart.
  private static let digits: UInt64 = 5

  package private(set) var answeredCount = 0
  package private(set) var answeredSampleCount = 0
  package private(set) var failedCount = 0
  private var latencySum = 0.0
  private var latencyMax: UInt64 = 0
  /// Latencies by range, as far as there are any.
  private var counters: [UInt32] = []

  /// Nanoseconds; `nil` where nothing was answered.
  package var meanLatency: Double? {
    answeredCount == 0 ? nil : latencySum / Double(answeredCount)
  }

  /// Nanoseconds, to 3 %: the upper end of the range in which the percentile lies; `nil` where nothing
  /// was answered.
  package func latency(_ fraction: Double) -> UInt64? {
    guard answeredCount > 0 else { return nil }
    let rank = max(1, (fraction * Double(answeredCount) - 1e-9).rounded(.up))
    var below = 0.0
    for (index, amount) in counters.enumerated() {
      below += Double(amount)
      if below >= rank {
        return min(LatencyRange.upperEnd(of: index, digits: Self.digits), latencyMax)
      }
    }
    return latencyMax
  }

  /// Nanoseconds, with latencies taken as spread evenly over their range, so that means of many windows
  /// are finer than the ranges; `nil` where nothing was answered.
  func spreadLatency(_ fraction: Double) -> Double? {
    guard answeredCount > 0 else { return nil }
    let rank = fraction * Double(answeredCount)
    var below = 0.0
    for (index, amount) in counters.enumerated() where amount > 0 {
      if below + Double(amount) >= rank {
        let low = index == 0 ? 0 : LatencyRange.upperEnd(of: index - 1, digits: Self.digits)
        let high = min(LatencyRange.upperEnd(of: index, digits: Self.digits), latencyMax)
        return Double(low) + Double(high - low) * max(0, rank - below) / Double(amount)
      }
      below += Double(amount)
    }
    return Double(latencyMax)
  }

  fileprivate mutating func add(_ latencyNanoseconds: UInt64?, sampleCount: Int) {
    guard let latencyNanoseconds else {
      failedCount += 1
      return
    }
    answeredCount += 1
    answeredSampleCount += sampleCount
    latencySum += Double(latencyNanoseconds)
    latencyMax = max(latencyMax, latencyNanoseconds)
    let index = LatencyRange.index(of: latencyNanoseconds, digits: Self.digits)
    grow(toHold: index)
    counters[index] += 1
  }

  fileprivate mutating func add(_ other: LoadWindow) {
    answeredCount += other.answeredCount
    answeredSampleCount += other.answeredSampleCount
    failedCount += other.failedCount
    latencySum += other.latencySum
    latencyMax = max(latencyMax, other.latencyMax)
    grow(toHold: other.counters.count - 1)
    for (index, amount) in other.counters.enumerated() { counters[index] += amount }
  }

  private mutating func grow(toHold index: Int) {
    guard index >= counters.count else { return }
    counters.append(contentsOf: repeatElement(0, count: index + 1 - counters.count))
  }
}
