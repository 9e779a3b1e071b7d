import Testing

@testable import GRPCFront

@Suite struct ConnectionWatchTests {
  private let limits = GRPCLimits()

  @Test func `closes a connection that does not begin`() {
    let watch = ConnectionWatch(tick: 5)
    #expect(watch.verdict(tick: 5 + limits.handshakeSecondsMax, limits: limits) == nil)
    #expect(watch.verdict(tick: 6 + limits.handshakeSecondsMax, limits: limits) == .close)
  }

  @Test func `sends an idle connection away, and none with a call`() {
    var watch = ConnectionWatch(tick: 0)
    watch.wait(for: .idle, tick: 0)
    watch.callCountChanged(to: 1, tick: 1)
    #expect(watch.verdict(tick: 10_000, limits: limits) == nil)
    watch.callCountChanged(to: 0, tick: 10_000)
    #expect(watch.verdict(tick: 10_000 + limits.idleSecondsMax, limits: limits) == nil)
    #expect(watch.verdict(tick: 10_001 + limits.idleSecondsMax, limits: limits) == .beginLeaving)
  }

  @Test func `does not wait long for a client to hear the farewell`() {
    var watch = ConnectionWatch(tick: 0)
    watch.wait(for: .farewell, tick: 3)
    watch.callCountChanged(to: 0, tick: 3)
    #expect(watch.isLeaving && watch.verdict(tick: 3, limits: limits) == nil)
    #expect(watch.verdict(tick: 4, limits: limits) == .endLeaving)
    watch.wait(for: .lastCalls, tick: 4)
    #expect(watch.isLeaving && watch.verdict(tick: 1_000, limits: limits) == nil)
  }

  @Test func `forgives ten pings a second, and all once an answer moves`() {
    var count = AbuseCount()
    for _ in 0..<limits.pingsMax { count.pingCame() }
    #expect(!count.isTooMuch(limits))
    count.pingCame()
    #expect(count.isTooMuch(limits))
    count.secondPassed()
    #expect(!count.isTooMuch(limits))
    for _ in 0...limits.controlFramesMax { count.controlFrameCame() }
    #expect(count.isTooMuch(limits))
    count.answerMoved()
    #expect(!count.isTooMuch(limits))
  }

  @Test func `gives answers the time that the slowest client may take`() {
    let second = limits.bytesPerSecondMin
    #expect(!limits.isTooSlow(seconds: 1_000, unsentByteCount: 0))
    #expect(!limits.isTooSlow(seconds: limits.graceSeconds, unsentByteCount: 1))
    #expect(limits.isTooSlow(seconds: limits.graceSeconds + 1, unsentByteCount: 1))
    #expect(!limits.isTooSlow(seconds: limits.graceSeconds + 3, unsentByteCount: 3 * second))
  }
}
