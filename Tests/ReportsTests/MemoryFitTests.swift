import Testing

@testable import Reports

@Suite struct MemoryFitTests {
  private func fit(_ footprint: Int, each: Int, instances: Int, of available: Int) -> MemoryFit {
    MemoryFit(
      footprintByteCount: footprint, instanceByteCount: each, instanceCount: instances,
      availableByteCount: available)
  }

  @Test(arguments: [
    (800, MemoryFit.Verdict.fits), (801, .tight), (1_000, .tight), (1_001, .exceeds),
  ])
  func `leaves a fifth of the memory to others`(footprint: Int, verdict: MemoryFit.Verdict) {
    #expect(fit(footprint, each: 0, instances: 4, of: 1_000).verdict == verdict)
  }

  @Test func `counts every instance`() {
    #expect(fit(100, each: 50, instances: 4, of: 1_000).neededByteCount == 300)
    #expect(fit(.max, each: .max, instances: 4, of: 1_000).verdict == .exceeds)
  }

  @Test func `says what would help`() {
    #expect(fit(100, each: 500, instances: 4, of: 1_000).sentence.contains("--instances 1"))
    #expect(fit(2_000, each: 1, instances: 4, of: 1_000).sentence.contains("more memory"))
  }
}
