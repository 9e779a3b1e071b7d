import Testing

@testable import LoadTesting

@Suite struct RateProfileTests {
  static let ramp = RateProfile.ramp(from: 10, to: 200, seconds: 100)
  static let steps = RateProfile.steps([(50, 20), (10, 40), (200, 5)])
  static let spike = RateProfile.spike(20, factor: 10, spikeSeconds: 4, seconds: 64)
  static let profiles = [ramp, steps, spike, .ramp(from: 100, to: 0, seconds: 50)]

  private func arrivals(
    _ profile: RateProfile, _ kind: ArrivalSchedule.Kind, seed: UInt64 = 1
  ) -> [Double] {
    var schedule = ArrivalSchedule(kind, profile: profile, seed: seed)
    var all: [Double] = []
    while let next = schedule.next() { all.append(Double(next) / 1e9) }
    return all
  }

  @Test func `a profile knows how long it lasts and how many arrivals it has`() {
    #expect(abs(Self.ramp.seconds - 100) < 1e-9 && abs(Self.ramp.expected - 10_500) < 1e-6)
    #expect(Self.steps.seconds == 65 && Self.steps.expected == 2_400)
    #expect(Self.spike.seconds == 64 && Self.spike.expected == 2_000)
    #expect(Self.ramp.phases.count == 5)
    #expect(Self.ramp.phases[1].name == "48.0 to 86.0 a second")
    #expect(Self.spike.phases.map(\.name) == ["before", "spike", "after"])
    #expect(Self.spike.phases[1].begin == 30_000_000_000)
    #expect(Self.spike.phases[1].end == 34_000_000_000)
  }

  @Test(arguments: profiles)
  func `even arrivals are as many as are expected, at each moment`(profile: RateProfile) {
    let times = arrivals(profile, .constant)
    #expect(times.count == Int(profile.expected.rounded()))
    #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
    for (phase, piece) in zip(profile.phases, profile.pieces) {
      let within = times.filter { phase.contains(UInt64($0 * 1e9)) }.count
      #expect(abs(Double(within) - piece.expected) <= 1.01, "\(phase.name)")
    }
  }

  @Test func `even arrivals of a ramp come when its line has risen so far`() throws {
    let times = arrivals(Self.ramp, .constant)
    // The integral of 10 + 1.9 t until then is the arrival's number.
    for number in [1, 100, 5_000, 10_000] {
      let time = times[number]
      #expect(abs(10 * time + 0.95 * time * time - Double(number)) < 1e-3)
    }
  }

  @Test(arguments: profiles, [1, 2, 3] as [UInt64])
  func `random arrivals are a Poisson process of the profile's rate`(
    profile: RateProfile, seed: UInt64
  ) {
    let times = arrivals(profile, .poisson, seed: seed)
    // Twenty parts in which equally many are expected, and χ²: 45.3 is its quantile of 0.999 with
    // twenty degrees of freedom, because the whole number varies, too.
    var expectedBefore = 0.0
    var counts = [Int](repeating: 0, count: 20)
    var begin = 0.0
    for piece in profile.pieces {
      for time in times where time >= begin && time < begin + piece.seconds {
        let passed = time - begin
        let slope = (piece.to - piece.from) / piece.seconds
        let place = expectedBefore + piece.from * passed + slope * passed * passed / 2
        counts[min(19, Int(place / profile.expected * 20))] += 1
      }
      begin += piece.seconds
      expectedBefore += piece.expected
    }
    let expected = profile.expected / 20
    let squares = counts.reduce(0) { sum, count in
      sum + (Double(count) - expected) * (Double(count) - expected) / expected
    }
    #expect(squares < 45.3)
    // Counts that are too even are no Poisson process, either: 5.92 is the quantile of 0.001.
    #expect(squares > 5.92)
  }

  @Test func `a profile of one rate gives the arrivals of that rate`() {
    let profile = RateProfile.steps([(40, 10)])
    var plain = ArrivalSchedule(.poisson, rate: 40, seed: 9)
    for time in arrivals(profile, .poisson, seed: 9) {
      let expected = Double(plain.next() ?? 0) / 1e9
      #expect(abs(time - expected) < 1e-6)
    }
  }

  @Test func `a tenth of a profile has its rates for a tenth of the time`() {
    let tenth = Self.spike.scaled(by: 0.1)
    #expect(abs(tenth.seconds - 6.4) < 1e-9 && abs(tenth.expected - 200) < 1e-6)
    #expect(tenth.pieces[1].from == 200)
  }
}
