import Testing

@testable import LoadTesting

@Suite struct LoadForecastTests {
  private func plan(_ scenario: LoadScenario, seconds: UInt64, rate: Double? = nil) -> LoadPlan {
    var plan = LoadPlan(scenario)
    plan.durationNanoseconds = seconds * 1_000_000_000
    plan.rate = rate
    return plan
  }

  @Test func `too many slow queries are told as soon as the rest cannot make up for them`() {
    var forecast = LoadForecast(plan(.server, seconds: 600, rate: 100))
    var toldAt: Int?
    for number in 1...2_000 where toldAt == nil {
      forecast.answered(in: 11_000_000)
      if forecast.warning(afterNanoseconds: 1) != nil { toldAt = number }
    }
    // A hundredth of 66,010, less what an early end needs to be sure.
    #expect(toldAt.map { (550...660).contains($0) } == true, "\(toldAt ?? 0)")
    #expect(forecast.warning(afterNanoseconds: 1)?.contains("longer than 10.00 ms") == true)
  }

  @Test func `a run that keeps the bound is not warned of`() {
    var forecast = LoadForecast(plan(.server, seconds: 600, rate: 100))
    for number in 0..<60_000 { forecast.answered(in: number % 125 == 0 ? 20_000_000 : 1_000_000) }
    #expect(forecast.warning(afterNanoseconds: 600_000_000_000) == nil)
  }

  @Test func `a stream that is too slow for its percentile is told within a minute`() {
    var slow = LoadForecast(plan(.singleStream, seconds: 120))
    // 64 are needed, and this one has 24 in two minutes.
    for _ in 0..<6 { slow.answered(in: 5_000_000_000) }
    #expect(slow.warning(afterNanoseconds: 29_000_000_000) == nil)
    #expect(slow.warning(afterNanoseconds: 31_000_000_000)?.contains("p90 needs 64") == true)
    var fast = LoadForecast(plan(.singleStream, seconds: 120))
    for _ in 0..<25 { fast.answered(in: 1_000_000_000) }
    #expect(fast.warning(afterNanoseconds: 31_000_000_000) == nil)
    var long = LoadForecast(plan(.offline, seconds: 600))
    // 24,576 at ten a second are 41 minutes.
    for _ in 0..<310 { long.answered(in: 100_000_000) }
    let words = long.warning(afterNanoseconds: 31_000_000_000)
    #expect(words?.contains("24576 samples") == true && words?.contains("2457.6 s") == true)
    var short = LoadForecast(plan(.offline, seconds: 60))
    short.answered(in: 100_000_000)
    #expect(short.warning(afterNanoseconds: 31_000_000_000) == nil)
    #expect(LoadForecast(plan(.closedLoop, seconds: 120)).warning(afterNanoseconds: 90) == nil)
  }
}
