import Inference

/// Runs of a model by how many rows ran together.
struct BatchSizes: Sendable {
  private struct Sums {
    var runCount: UInt64 = 0
    var infer: UInt64 = 0
    /// Time times rows, so that a request of a run counts by its share.
    var input: UInt64 = 0
    var output: UInt64 = 0
  }

  private var sizes: [Int: Sums] = [:]

  /// Sizes beyond so many are not told apart any more; no model is run with more.
  private static let sizeCountMax = 512

  mutating func countRun(of size: Int, _ nanoseconds: UInt64) {
    change(size) { sums in
      sums.runCount += 1
      sums.infer &+= nanoseconds
    }
  }

  /// - Parameter size: of the run, or of the largest one where the request was spread over several.
  mutating func countRequest(rowCount: Int, inRunOf size: Int, input: UInt64, output: UInt64) {
    let share = UInt64(max(1, min(rowCount, size)))
    change(size) { sums in
      sums.input &+= input &* share
      sums.output &+= output &* share
    }
  }

  private mutating func change(_ size: Int, _ change: (inout Sums) -> Void) {
    guard sizes[size] != nil || sizes.count < Self.sizeCountMax else { return }
    change(&sizes[size, default: Sums()])
  }

  /// Ascending by rows.
  var statistics: [ModelStatistics.Batch] {
    sizes.filter { $0.value.runCount > 0 }.sorted { $0.key < $1.key }.map { size, sums in
      func total(_ nanoseconds: UInt64) -> ModelStatistics.Total {
        .init(count: sums.runCount, nanoseconds: nanoseconds)
      }
      var batch = ModelStatistics.Batch(rowCount: size)
      batch.input = total(sums.input / UInt64(size))
      batch.infer = total(sums.infer)
      batch.output = total(sums.output / UInt64(size))
      return batch
    }
  }
}
