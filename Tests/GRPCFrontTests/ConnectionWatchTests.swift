import Inference
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

  @Test func `counts pings that come too soon, and forgives all once an answer moves`() {
    var count = AbuseCount()
    var now = Instant(nanoseconds: 1)
    for _ in 0..<1_000 {
      count.pingCame(at: now, limits: limits)
      now = now.advanced(by: limits.pingIntervalMin)
    }
    #expect(count.pingStrikeCount == 0)
    for _ in 0...limits.pingStrikesMax { count.pingCame(at: now, limits: limits) }
    #expect(!count.isTooMuch(limits))
    count.pingCame(at: now, limits: limits)
    #expect(count.isTooMuch(limits))
    var boundless = limits
    boundless.pingStrikesMax = 0
    #expect(!count.isTooMuch(boundless))
    count.answerMoved()
    #expect(!count.isTooMuch(limits))
    for _ in 0...limits.controlFramesMax { count.controlFrameCame() }
    #expect(count.isTooMuch(limits))
    count.answerMoved()
    #expect(!count.isTooMuch(limits))
  }

  @Test func `sends a connection of great age away, and ends it after its grace`() {
    var limits = limits
    limits.ageSecondsMax = 100
    limits.ageGraceSecondsMax = 7
    var watch = ConnectionWatch(tick: 0, agePercent: 90)
    #expect(watch.verdict(tick: 1, limits: limits) == nil)
    watch.wait(for: .calls, tick: 1)
    #expect(watch.verdict(tick: 90, limits: limits) == nil)
    #expect(watch.verdict(tick: 91, limits: limits) == .beginLeaving)
    watch.wait(for: .lastCalls, tick: 92)
    #expect(watch.verdict(tick: 97, limits: limits) == nil)
    #expect(watch.verdict(tick: 98, limits: limits) == .close)
    limits.ageGraceSecondsMax = nil
    #expect(watch.verdict(tick: 10_000, limits: limits) == nil)
  }

  @Test func `gives answers the time that the slowest client may take`() {
    let second = limits.bytesPerSecondMin
    #expect(!limits.isTooSlow(seconds: 1_000, unsentByteCount: 0))
    #expect(!limits.isTooSlow(seconds: limits.graceSeconds, unsentByteCount: 1))
    #expect(limits.isTooSlow(seconds: limits.graceSeconds + 1, unsentByteCount: 1))
    #expect(!limits.isTooSlow(seconds: limits.graceSeconds + 3, unsentByteCount: 3 * second))
  }
}
