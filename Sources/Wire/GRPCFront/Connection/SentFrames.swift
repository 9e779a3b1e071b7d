import Inference
import NIOHTTP2

/// Hears of every frame that leaves: what an answer's frames are held against, and whether NIO gave
/// the connection up. On the connection's loop.
final class SentFrames: NIOHTTP2FrameDelegate {
  /// NIO has found the connection broken or abused, and has said so to the client.
  private(set) var hasGivenUp = false
  var abuse = AbuseCount()
  var keepAlive: KeepAlive

  init(tick: Int) { keepAlive = KeepAlive(tick: tick) }

  func wroteFrame(_ frame: HTTP2Frame) {
    switch frame.payload {
    case .data, .headers:
      abuse.answerMoved()
      keepAlive.answerMoved()
    case .goAway(_, let code, _): if code != .noError { hasGivenUp = true }
    default: break
    }
  }
}

/// Counts what a client may send without asking for anything, between two frames of its answers.
struct AbuseCount {
  /// Pings that came too soon after the one before.
  private(set) var pingStrikeCount = 0
  private(set) var controlFrameCount = 0
  private var lastPing: Instant?

  mutating func pingCame(at now: Instant, limits: GRPCLimits) {
    if let lastPing, now < lastPing.advanced(by: limits.pingIntervalMin) { pingStrikeCount += 1 }
    lastPing = now
    controlFrameCount += 1
  }

  mutating func controlFrameCame() { controlFrameCount += 1 }

  /// A call that HTTP/2 forbids: a hundred of them are too many.
  mutating func malformedCallCame(limits: GRPCLimits) {
    controlFrameCount += limits.controlFramesMax / 100 + 1
  }

  mutating func answerMoved() {
    pingStrikeCount = 0
    controlFrameCount = 0
    lastPing = nil
  }

  func isTooMuch(_ limits: GRPCLimits) -> Bool {
    let areTooManyPings = limits.pingStrikesMax > 0 && pingStrikeCount > limits.pingStrikesMax
    return areTooManyPings || controlFrameCount > limits.controlFramesMax
  }
}
