/// The upper bounds of a histogram's buckets; the last one, without bound, is not listed.
struct Buckets: Sendable {
  /// Ascending.
  let nanoseconds: [UInt64]
  /// The bounds in seconds as the page writes them, `+Inf` last.
  let labels: [String]

  init(microseconds: [UInt64]) {
    nanoseconds = microseconds.map { $0 * 1_000 }
    labels = microseconds.map { PrometheusText.number(Double($0) / 1_000_000) } + ["+Inf"]
  }

  /// Buckets, the one without bound included.
  var count: Int { nanoseconds.count + 1 }

  /// The bucket of a time: the first whose bound is not below it.
  func place(of time: UInt64) -> Int {
    var place = 0
    while place < nanoseconds.count, nanoseconds[place] < time { place += 1 }
    return place
  }

  /// Of whole requests: 16 buckets, the most that a histogram may have here.
  static let duration = Buckets(microseconds: [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    5_000_000, 60_000_000,
  ])

  /// Of waiting and computing, which people look at first.
  static let mainPhase = Buckets(microseconds: [
    50, 250, 1_000, 5_000, 25_000, 100_000, 500_000, 5_000_000, 60_000_000,
  ])

  /// Of the other phases: coarse, because there are four of them for each model version, whose series
  /// are at most 150.
  static let otherPhase = Buckets(microseconds: [100, 1_000, 10_000, 1_000_000])
}
