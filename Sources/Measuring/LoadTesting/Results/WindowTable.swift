package import WireFormats

/// A run over time as its document has it: windows of equal length, column by column.
package struct WindowTable: Sendable {
  /// One window; times in milliseconds, `nil` where nothing was answered in it.
  package struct Row: Sendable {
    package let queryCount: Double
    package let failedCount: Double
    package let sampleCount: Double
    package let mean: Double?
    package let p50: Double?
    package let p90: Double?
    package let p99: Double?
  }

  /// Fewer are not worth the ink, more not the bytes.
  static let rowsMax = 60
  /// Windows are joined until so many are left, or each has so many queries.
  private static let rowsMin = 20
  private static let queriesMin = 100
  /// What a document may have at most.
  private static let readRowsMax = 10_000

  /// Length of a window.
  package let seconds: Double
  package let rows: [Row]

  /// Of a run, in windows that have enough queries for percentiles where that leaves enough windows.
  init(_ windows: LoadWindows) {
    var windows = windows.joined(atMost: Self.rowsMax)
    while windows.windows.count >= Self.rowsMin * 2,
      windows.medianAnsweredCount < Self.queriesMin
    { windows = windows.joined(atMost: windows.windows.count - 1) }
    seconds = Double(windows.widthNanoseconds) / 1e9
    rows = windows.windows.map { window in
      func milliseconds(_ fraction: Double) -> Double? {
        window.spreadLatency(fraction).map { $0 / 1e6 }
      }
      return Row(
        queryCount: Double(window.answeredCount), failedCount: Double(window.failedCount),
        sampleCount: Double(window.answeredSampleCount),
        mean: window.meanLatency.map { $0 / 1e6 }, p50: milliseconds(0.5), p90: milliseconds(0.9),
        p99: milliseconds(0.99))
    }
  }

  init(_ document: JSONValue?) {
    seconds = document?["seconds"]?.finite ?? 0
    let columns = ["queries", "failed", "samples", "mean_ms", "p50_ms", "p90_ms", "p99_ms"].map {
      (document?[$0]?.elements ?? []).prefix(Self.readRowsMax).map(\.finite)
    }
    let count = seconds > 0 ? columns.map(\.count).min() ?? 0 : 0
    rows = (0..<count).map { index in
      Row(
        queryCount: columns[0][index] ?? 0, failedCount: columns[1][index] ?? 0,
        sampleCount: columns[2][index] ?? 0, mean: columns[3][index], p50: columns[4][index],
        p90: columns[5][index], p99: columns[6][index])
    }
  }

  package var json: JSONValue {
    func column(_ value: (Row) -> Double?) -> JSONValue {
      .array(rows.map { value($0).map { .number($0) } ?? .null })
    }
    func counts(_ value: (Row) -> Double) -> JSONValue {
      .array(rows.map { .integer(Int64(value($0))) })
    }
    return .object([
      .init("seconds", .number(seconds)), .init("queries", counts(\.queryCount)),
      .init("failed", counts(\.failedCount)), .init("samples", counts(\.sampleCount)),
      .init("mean_ms", column(\.mean)), .init("p50_ms", column(\.p50)),
      .init("p90_ms", column(\.p90)), .init("p99_ms", column(\.p99)),
    ])
  }

  /// Those that were measured over their whole length: the last one ended with the run.
  var wholeRows: ArraySlice<Row> { rows.count > 1 ? rows.dropLast() : rows[...] }
}
