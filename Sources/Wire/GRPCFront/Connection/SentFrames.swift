import NIOHTTP2

/// Hears of every frame that leaves: what an answer's frames are held against, and whether NIO gave
/// the connection up. On the connection's loop.
final class SentFrames: NIOHTTP2FrameDelegate {
  /// NIO has found the connection broken or abused, and has said so to the client.
  private(set) var hasGivenUp = false
  var abuse = AbuseCount()

  func wroteFrame(_ frame: HTTP2Frame) {
    switch frame.payload {
    case .data, .headers: abuse.answerMoved()
    case .goAway(_, let code, _): if code != .noError { hasGivenUp = true }
    default: break
    }
  }
}

/// Counts what a client may send without asking for anything, between two frames of its answers.
struct AbuseCount {
  private(set) var pingCount = 0
  private(set) var controlFrameCount = 0

  /// Pings a second that are always right: keep-alive.
  private static let forgivenPings = 10

  mutating func pingCame() {
    pingCount += 1
    controlFrameCount += 1
  }

  mutating func controlFrameCame() { controlFrameCount += 1 }

  mutating func answerMoved() {
    pingCount = 0
    controlFrameCount = 0
  }

  mutating func secondPassed() { pingCount = max(0, pingCount - Self.forgivenPings) }

  func isTooMuch(_ limits: GRPCLimits) -> Bool {
    pingCount > limits.pingsMax || controlFrameCount > limits.controlFramesMax
  }
}
