package import WireFormats

/// What the compliance runs found; they are named after MLPerf's audit tests and are none of them.
package struct ComplianceFigures: Sendable {
  /// The answers of a timed run are those that each sample gets by itself, and looking at them does not
  /// change the speed.
  package struct PerformanceMode: Sendable {
    let comparedCount: Int
    let differingCount: Int
    /// The largest difference of numbers that was within the tolerance; 0 where all bits were equal.
    let largestDifference: Double
    let tolerance: Double
    /// Speed with answers kept, by speed without.
    let speedRatio: Double?
    let firstProblem: String?

    var isPassed: Bool {
      comparedCount > 0 && differingCount == 0
        && speedRatio.map { (1 - speedMargin...1 + speedMargin).contains($0) } == true
    }
  }

  /// Asking the same sample again is not much faster: nothing is remembered.
  package struct RepeatSample: Sendable {
    let pairCount: Int
    /// The median time of first askings, by that of second ones.
    let speedRatio: Double?
    let firstProblem: String?

    var isPassed: Bool { speedRatio.map { $0 <= 1 + speedMargin } == true }
  }

  /// As MLPerf's rules have it.
  static let speedMargin = 0.1

  let performanceMode: PerformanceMode
  let repeatSample: RepeatSample

  package var isPassed: Bool { performanceMode.isPassed && repeatSample.isPassed }

  package var json: JSONValue {
    .object([
      .init("passed", .bool(isPassed)),
      .init(
        "accuracy_in_performance_mode",
        .object(
          [
            .init("passed", .bool(performanceMode.isPassed)),
            .init("compared", .integer(Int64(performanceMode.comparedCount))),
            .init("differing", .integer(Int64(performanceMode.differingCount))),
            .init("largest_difference", .number(performanceMode.largestDifference)),
            .init("tolerance", .number(performanceMode.tolerance)),
            .init("speed_ratio", number(performanceMode.speedRatio)),
          ] + problem(performanceMode.firstProblem))),
      .init(
        "repeat_sample",
        .object(
          [
            .init("passed", .bool(repeatSample.isPassed)),
            .init("pairs", .integer(Int64(repeatSample.pairCount))),
            .init("speed_ratio", number(repeatSample.speedRatio)),
          ] + problem(repeatSample.firstProblem))),
    ])
  }

  private func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }

  private func problem(_ text: String?) -> [JSONValue.Member] {
    text.map { [.init("problem", .string($0))] } ?? []
  }
}
