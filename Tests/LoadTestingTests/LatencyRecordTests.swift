import Testing

@testable import LoadTesting

@Suite struct LatencyRecordTests {
  @Test func `gives the value of the nearest rank`() {
    var record = LatencyRecord()
    for value in (1...100).reversed() { record.add(UInt64(value)) }
    record.sort()
    #expect(record.percentile(0.5) == 50)
    #expect(record.percentile(0.9) == 90)
    #expect(record.percentile(0.999) == 100)
    #expect(record.percentile(1) == 100)
    #expect(record.mean == 50.5)
    #expect(record.count(over: 90) == 10)
  }

  @Test(arguments: [0.5, 0.9, 0.95, 0.99, 0.999])
  func `a percentile is the smallest value that so many do not exceed`(fraction: Double) {
    for count in [1, 2, 9, 10, 11, 999, 1_000, 1_001] {
      var record = LatencyRecord()
      for value in 1...count { record.add(UInt64(value)) }
      let found = Int(record.percentile(fraction) ?? 0)
      #expect(Double(found) >= fraction * Double(count) - 1e-6)
      #expect(Double(found - 1) < fraction * Double(count))
    }
  }

  @Test func `has nothing to say where nothing was measured`() {
    let record = LatencyRecord()
    #expect(record.percentile(0.5) == nil)
    #expect(record.mean == nil)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `stays within a thousandth where it counts in ranges`(seed: UInt64) {
    var generator = MersenneTwister(seed: seed)
    var exact = LatencyRecord(exactCountMax: 100_000)
    var counted = LatencyRecord(exactCountMax: 100)
    for _ in 0..<20_000 {
      let value = UInt64(generator.next()) << UInt64(generator.index(below: 20))
      exact.add(value)
      counted.add(value)
    }
    exact.sort()
    for fraction in [0.01, 0.5, 0.9, 0.99, 0.999, 1] {
      let truth = Double(exact.percentile(fraction) ?? 0)
      let told = Double(counted.percentile(fraction) ?? 0)
      #expect(told >= truth && told <= truth * (1 + 1 / 1_024.0) + 1)
    }
    #expect(counted.count == exact.count)
    #expect(counted.mean == exact.mean)
    #expect(counted.count(over: 1 << 40) >= exact.count(over: 1 << 40))
  }

  @Test func `every value lies in a range, the ends included`() {
    for value in [0, 1, 1_023, 1_024, 2_047, 2_048, 1 << 62, UInt64.max] as [UInt64] {
      let index = LatencyRange.index(of: value)
      #expect(index < LatencyRange.count)
      #expect(LatencyRange.upperEnd(of: index) >= value)
      #expect(index == 0 || LatencyRange.upperEnd(of: index - 1) < value)
    }
  }

  @Test(arguments: [1_000, 10]) func `adds up records`(exactCountMax: Int) {
    var sum = LatencyRecord(exactCountMax: exactCountMax)
    for start in stride(from: 0, to: 100, by: 20) {
      var part = LatencyRecord(exactCountMax: exactCountMax)
      for value in start..<start + 20 { part.add(UInt64(value)) }
      sum.add(part)
    }
    #expect(sum.count == 100)
    #expect(sum.percentile(0.5) == 49)
    #expect(sum.largest == 99)
  }
}
