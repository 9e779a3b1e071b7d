/// What a connection is waited for, and since when: decides when patience ends.
///
/// Time comes in ticks of one second, from one sweep over all connections of a loop, so that a
/// request costs no timer; an end may therefore come up to one second late.
struct ConnectionWatch {
  enum Waiting: Equatable {
    /// For the first byte of a request.
    case idle
    /// For the rest of a head.
    case head
    /// For the rest of a body.
    case body
    /// For the model: its own limits hold, not ours.
    case computing
    /// For the client to take the answer.
    case writing
    /// For the client to notice that we have gone.
    case lingering
  }

  /// What is to be done with a connection whose time is up.
  enum Verdict: Equatable {
    case closeIdle
    case refuseSlowHead
    case refuseSlowBody
    case cut
  }

  private(set) var waiting = Waiting.idle
  private var since = 0
  /// Bytes that have passed since then.
  var byteCount = 0

  init(tick: Int) { since = tick }

  mutating func wait(for waiting: Waiting, tick: Int) {
    self.waiting = waiting
    since = tick
    byteCount = 0
  }

  func verdict(tick: Int, limits: HTTPLimits) -> Verdict? {
    let seconds = tick - since
    switch waiting {
    case .idle: return seconds > limits.idleSecondsMax ? .closeIdle : nil
    case .head: return seconds > limits.headerSecondsMax ? .refuseSlowHead : nil
    case .body: return isTooSlow(seconds, limits) ? .refuseSlowBody : nil
    case .writing: return isTooSlow(seconds, limits) ? .cut : nil
    case .computing: return nil
    case .lingering: return seconds > limits.lingerSeconds ? .cut : nil
    }
  }

  private func isTooSlow(_ seconds: Int, _ limits: HTTPLimits) -> Bool {
    seconds > limits.graceSeconds && byteCount < seconds * limits.bytesPerSecondMin
  }
}
