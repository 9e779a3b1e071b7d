import Inference

/// The samples that a timed run asks: the first of a set that memory has room for, as MLPerf's loadgen
/// has a performance set beside the whole one.
package enum ResidentSamples {
  package static let byteCountMax = 256 << 20

  /// Made one after the other, one at least. Blocks.
  package static func requests(_ samples: ModelSamples) throws(SampleProblem) -> [ModelSamples
    .Prepared]
  {
    var resident: [ModelSamples.Prepared] = []
    var byteCount = 0
    for sample in samples.set.samples.indices {
      let prepared = try samples.prepare(sample)
      byteCount += prepared.request.byteCount
      if !resident.isEmpty, byteCount > byteCountMax { break }
      resident.append(prepared)
    }
    return resident
  }

  /// The same for a server.
  package static func bodies(
    _ set: SampleSet, _ dialect: any ServerDialect
  ) throws(SampleProblem) -> [ServerTarget.Body] {
    var bodies: [ServerTarget.Body] = []
    var byteCount = 0
    for sample in set.samples {
      let body = try dialect.body(of: sample)
      byteCount += body.bytes.count
      if !bodies.isEmpty, byteCount > byteCountMax { break }
      bodies.append(body)
    }
    return bodies
  }
}
