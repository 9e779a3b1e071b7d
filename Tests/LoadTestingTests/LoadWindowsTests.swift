import Testing

@testable import LoadTesting

@Suite struct LoadWindowsTests {
  @Test func `a short run has a window for each hundredth of a second`() {
    var windows = LoadWindows()
    windows.add(at: 0, latencyNanoseconds: 5_000_000, sampleCount: 8)
    windows.add(at: 9_999_999, latencyNanoseconds: 7_000_000, sampleCount: 8)
    windows.add(at: 35_000_000, latencyNanoseconds: nil, sampleCount: 8)
    #expect(windows.widthNanoseconds == 10_000_000)
    #expect(windows.windows.map(\.answeredCount) == [2, 0, 0, 0])
    #expect(windows.windows.map(\.answeredSampleCount) == [16, 0, 0, 0])
    #expect(windows.windows.map(\.failedCount) == [0, 0, 0, 1])
    #expect(windows.windows[0].meanLatency == 6_000_000)
    #expect(windows.windows[1].meanLatency == nil)
    #expect(windows.windows[1].latency(0.5) == nil)
  }

  @Test(arguments: [6.0, 10, 600, 86_400])
  func `a run of any length has at most its number of windows, and not few`(seconds: Double) {
    var windows = LoadWindows()
    let count = 10_000
    for number in 0..<count {
      let moment = UInt64(Double(number) / Double(count) * seconds * 1e9)
      windows.add(at: moment, latencyNanoseconds: 1_000, sampleCount: 1)
    }
    #expect(windows.windows.count <= LoadWindows.countMax)
    #expect(windows.windows.count >= LoadWindows.countMax / 2)
    #expect(windows.windows.reduce(0) { $0 + $1.answeredCount } == count)
    let width = Double(windows.widthNanoseconds) / 1e9
    #expect(abs(width * Double(windows.windows.count) - seconds) < width + 1e-3 * seconds)
    let fullest = windows.windows.dropLast().map(\.answeredCount)
    // Times are rounded to nanoseconds, which may move one over either end.
    #expect((fullest.max() ?? 0) - (fullest.min() ?? 0) <= 2)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a window's percentiles are those of its latencies, to three percent`(seed: UInt64) throws {
    var generator = MersenneTwister(seed: seed)
    var (windows, record) = (LoadWindows(), LatencyRecord())
    for _ in 0..<5_000 {
      let latency = UInt64(1e6 / (1.001 - generator.fraction()))
      windows.add(at: 1, latencyNanoseconds: latency, sampleCount: 1)
      record.add(latency)
    }
    for fraction in [0.01, 0.5, 0.9, 0.99, 1] {
      let exact = Double(try #require(record.percentile(fraction)))
      let told = Double(try #require(windows.windows[0].latency(fraction)))
      #expect(told >= exact && told <= exact * 1.032, "\(fraction)")
    }
  }

  @Test func `runs that follow each other follow each other`() {
    var (first, second) = (LoadWindows(), LoadWindows())
    first.add(at: 15_000_000, latencyNanoseconds: 1, sampleCount: 1)
    for number in 0..<100 as Range<UInt64> {
      second.add(at: number * 100_000_000, latencyNanoseconds: 2, sampleCount: 1)
    }
    #expect(second.widthNanoseconds == 20_000_000)
    first.append(second)
    #expect(first.widthNanoseconds == 20_000_000)
    #expect(first.windows.count == 497)
    #expect(first.windows.prefix(3).map(\.answeredCount) == [1, 1, 0])
    var long = LoadWindows()
    for _ in 0..<3 { long.append(first) }
    #expect(long.widthNanoseconds == 80_000_000)
    #expect(long.windows.count <= LoadWindows.countMax)
    #expect(long.windows.reduce(0) { $0 + $1.answeredCount } == 303)
  }
}
