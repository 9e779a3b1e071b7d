/// Decides when a silent client is asked whether it is still there, and when it is given up.
///
/// A question is a PING, and any frame of the client answers it. Time comes in ticks of one second.
struct KeepAlive {
  enum Verdict: Equatable {
    case ask
    case close
  }

  private var heardTick: Int
  /// When a question was asked that nothing has answered.
  private var askedTick: Int?
  /// Questions since a frame of an answer left.
  private var askedCount = 0

  init(tick: Int) { heardTick = tick }

  /// A frame has come.
  mutating func heard(tick: Int) {
    heardTick = tick
    askedTick = nil
  }

  /// A frame of an answer has left.
  mutating func answerMoved() { askedCount = 0 }

  mutating func verdict(tick: Int, hasCalls: Bool, limits: GRPCLimits) -> Verdict? {
    if let askedTick { return tick - askedTick >= limits.keepAliveAnswerSecondsMax ? .close : nil }
    guard let interval = limits.keepAliveSeconds, tick - heardTick >= interval,
      hasCalls || limits.keepsAliveWithoutCalls,
      limits.pingsWithoutAnswerMax == 0 || askedCount < limits.pingsWithoutAnswerMax
    else { return nil }
    askedTick = tick
    askedCount += 1
    return .ask
  }
}
