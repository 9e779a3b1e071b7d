import Testing

@testable import GRPCFront

@Suite struct KeepAliveTests {
  private var limits: GRPCLimits {
    var limits = GRPCLimits()
    limits.keepAliveSeconds = 10
    limits.keepAliveAnswerSecondsMax = 3
    return limits
  }

  @Test func `asks a silent client, and gives it up when it does not answer`() {
    var keepAlive = KeepAlive(tick: 5)
    #expect(keepAlive.verdict(tick: 14, hasCalls: true, limits: limits) == nil)
    #expect(keepAlive.verdict(tick: 15, hasCalls: true, limits: limits) == .ask)
    #expect(keepAlive.verdict(tick: 17, hasCalls: true, limits: limits) == nil)
    #expect(keepAlive.verdict(tick: 18, hasCalls: true, limits: limits) == .close)
  }

  @Test func `any frame is an answer`() {
    var keepAlive = KeepAlive(tick: 0)
    #expect(keepAlive.verdict(tick: 10, hasCalls: true, limits: limits) == .ask)
    keepAlive.heard(tick: 12)
    #expect(keepAlive.verdict(tick: 21, hasCalls: true, limits: limits) == nil)
    #expect(keepAlive.verdict(tick: 22, hasCalls: true, limits: limits) == .ask)
  }

  @Test func `asks a client without calls only where that is wanted, and nobody where it is off`() {
    var keepAlive = KeepAlive(tick: 0)
    var limits = limits
    #expect(keepAlive.verdict(tick: 99, hasCalls: false, limits: limits) == nil)
    limits.keepsAliveWithoutCalls = true
    limits.keepAliveSeconds = nil
    #expect(keepAlive.verdict(tick: 99, hasCalls: true, limits: limits) == nil)
    limits.keepAliveSeconds = 10
    #expect(keepAlive.verdict(tick: 99, hasCalls: false, limits: limits) == .ask)
  }

  @Test(arguments: [(2, 2), (0, 50)])
  func `stops asking until an answer moves`(_ countMax: Int, _ expected: Int) {
    var keepAlive = KeepAlive(tick: 0)
    var limits = limits
    limits.pingsWithoutAnswerMax = countMax
    let asked = (1...50).count { round in
      defer { keepAlive.heard(tick: round * 10) }
      return keepAlive.verdict(tick: round * 10, hasCalls: true, limits: limits) == .ask
    }
    #expect(asked == expected)
    keepAlive.answerMoved()
    #expect(keepAlive.verdict(tick: 510, hasCalls: true, limits: limits) == .ask)
  }
}
