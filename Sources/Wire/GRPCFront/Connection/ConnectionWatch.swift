/// What a connection is waited for, and since when: decides when patience with it ends. Calls have
/// their own.
///
/// Time comes in ticks of one second, from one sweep over all connections of a loop.
struct ConnectionWatch {
  enum Waiting: Equatable {
    /// For the client's first SETTINGS.
    case handshake
    /// For a call.
    case idle
    /// Calls are under way.
    case calls
    /// It was told to go: for the answer to our ping, which shows that it has heard.
    case farewell
    /// It has heard: for the last call's end.
    case lastCalls
  }

  enum Verdict: Equatable {
    case close
    case beginLeaving
    case endLeaving
  }

  private(set) var waiting = Waiting.handshake
  private var since: Int
  private let openedTick: Int
  /// Of the greatest age, so that connections of one moment do not end in one moment.
  private let agePercent: Int

  init(tick: Int, agePercent: Int = 100) {
    since = tick
    openedTick = tick
    self.agePercent = agePercent
  }

  var isLeaving: Bool { waiting == .farewell || waiting == .lastCalls }

  mutating func wait(for waiting: Waiting, tick: Int) {
    self.waiting = waiting
    since = tick
  }

  /// The number of calls has changed.
  mutating func callCountChanged(to count: Int, tick: Int) {
    guard waiting == .idle || waiting == .calls else { return }
    let now = count == 0 ? Waiting.idle : .calls
    if now != waiting { wait(for: now, tick: tick) }
  }

  func verdict(tick: Int, limits: GRPCLimits) -> Verdict? {
    let seconds = tick - since
    if let verdict = verdictOnAge(tick - openedTick, limits) { return verdict }
    switch waiting {
    case .handshake: return seconds > limits.handshakeSecondsMax ? .close : nil
    case .idle: return seconds > limits.idleSecondsMax ? .beginLeaving : nil
    case .calls: return nil
    case .farewell: return seconds >= 1 ? .endLeaving : nil
    case .lastCalls: return nil
    }
  }

  private func verdictOnAge(_ age: Int, _ limits: GRPCLimits) -> Verdict? {
    guard let greatest = limits.ageSecondsMax.map({ $0 * agePercent / 100 }), age > greatest else {
      return nil
    }
    switch waiting {
    case .handshake: return nil
    case .idle, .calls: return .beginLeaving
    case .farewell, .lastCalls:
      return limits.ageGraceSecondsMax.map { age > greatest + $0 } ?? false ? .close : nil
    }
  }
}
