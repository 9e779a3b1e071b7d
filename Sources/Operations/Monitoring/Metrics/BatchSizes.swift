import Inference

/// What the parts of one run took, in nanoseconds.
struct RunTimes {
  let input: UInt64
  let infer: UInt64
  let output: UInt64
}

/// Runs of a model by how many rows ran together.
struct BatchSizes: Sendable {
  private struct Sums {
    var rows: UInt64 = 0
    /// Time times rows, so that a request of a run counts by its share.
    var input: UInt64 = 0
    var infer: UInt64 = 0
    var output: UInt64 = 0
  }

  private var sizes: [Int: Sums] = [:]

  /// Sizes beyond so many are not told apart any more; no model is run with more.
  private static let sizeCountMax = 512

  mutating func count(rowCount: UInt64, ofBatch size: Int, _ times: RunTimes) {
    guard sizes[size] != nil || sizes.count < Self.sizeCountMax else { return }
    var sums = sizes[size] ?? Sums()
    sums.rows &+= rowCount
    sums.input &+= times.input &* rowCount
    sums.infer &+= times.infer &* rowCount
    sums.output &+= times.output &* rowCount
    sizes[size] = sums
  }

  /// Ascending by rows; a run counts once its requests add up to it.
  var statistics: [ModelStatistics.Batch] {
    sizes.sorted { $0.key < $1.key }.map { size, sums in
      let whole = UInt64(size)
      func total(_ sum: UInt64) -> ModelStatistics.Total {
        .init(count: max(1, sums.rows / whole), nanoseconds: sum / whole)
      }
      var batch = ModelStatistics.Batch(rowCount: size)
      batch.input = total(sums.input)
      batch.infer = total(sums.infer)
      batch.output = total(sums.output)
      return batch
    }
  }
}
