import Inference

/// The samples that a timed run asks: the first of a set that memory has room for, as MLPerf's loadgen
/// has a performance set beside the whole one.
package enum ResidentSamples {
  package static let byteCountMax = 256 << 20
  /// Samples of so many bytes share a connection, where they are asked outside of runs.
  private static let byteCountAtOnce = 1 << 20

  /// Made one after the other, one at least. Blocks.
  package static func requests(_ samples: ModelSamples) throws(SampleProblem) -> [ModelSamples
    .Prepared]
  {
    try made(samples.set.samples.indices) { sample throws(SampleProblem) in
      let prepared = try samples.prepare(sample)
      return (prepared, prepared.request.byteCount)
    }
  }

  /// The same for a server.
  package static func bodies(
    _ set: SampleSet, _ dialect: any ServerDialect
  ) throws(SampleProblem) -> [ServerTarget.Body] {
    try made(set.samples.indices) { sample throws(SampleProblem) in
      let body = try dialect.body(of: set.samples[sample])
      return (body, body.bytes.count)
    }
  }

  /// The first of so many samples that fit, one at least.
  ///
  /// - Parameter make: gives what one becomes, and its bytes.
  static func made<Made>(
    _ samples: Range<Int>, within byteCountMax: Int = ResidentSamples.byteCountMax,
    _ make: (Int) throws(SampleProblem) -> (Made, byteCount: Int)
  ) throws(SampleProblem) -> [Made] {
    var all: [Made] = []
    var byteCount = 0
    for sample in samples {
      let (made, size) = try make(sample)
      byteCount += size
      if !all.isEmpty, byteCount > byteCountMax { break }
      all.append(made)
    }
    return all
  }

  /// A sample and small ones that follow it, to be asked over one connection.
  static func following<Made>(
    _ first: Int, of count: Int, _ make: (Int) throws(SampleProblem) -> (Made, byteCount: Int)
  ) throws(SampleProblem) -> [Made] {
    var all = [try make(first).0]
    var byteCount = 0
    for sample in first + 1..<max(count, first + 1) {
      // What cannot be made is said when it is its turn.
      guard let (made, size) = try? make(sample) else { break }
      byteCount += size
      guard byteCount <= byteCountAtOnce else { break }
      all.append(made)
    }
    return all
  }
}
