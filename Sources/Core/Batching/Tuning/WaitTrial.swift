import Inference

/// Tries whether waiting a little for more rows serves more of them.
///
/// Time is cut into turns of some runs each. A trial is eight turns, the present wait and the other
/// one in alternation, so that a load that changes meanwhile touches both. A longer wait is kept only
/// if it serves clearly more rows; a shorter one already where it serves no fewer, since waiting
/// that brings nothing is latency for nothing. Between trials the pauses double while nothing changes.
struct WaitTrial: Sendable {
  /// Waits to choose from, as parts of the time that a full run takes.
  private static let shares = [0, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1]
  /// A turn ends after so many runs.
  private static let runsOfTurn = 24
  private static let turnsOfTrial = 8
  /// A longer wait must serve this much more.
  private static let gainNeeded = 1.02
  private static let pauseMax = 64

  private var step = 0
  private var trial: Trial?
  private var turn = Turn()
  private var pauseLeft = 1
  private var pause = 1
  private var mayTryLonger = true

  private struct Turn {
    var began = Instant.never
    var runCount = 0
    var rowCount = 0
    var missedTarget = false
  }

  private struct Trial {
    let step: Int
    var turnCount = 0
    var present = Sum()
    var other = Sum()
    var otherMissedTarget = false

    struct Sum {
      var rows = 0.0
      var nanoseconds = 0.0
      var rate: Double { nanoseconds > 0 ? rows / nanoseconds : 0 }
    }

    var isOtherTurn: Bool { turnCount % 2 == 1 }
  }

  /// The wait that holds now, as a part of the time of a full run.
  var shareOfRun: Double {
    guard let trial, trial.isOtherTurn else { return Self.shares[step] }
    return Self.shares[trial.step]
  }

  /// - Parameter isTrying: joining pays; otherwise there is nothing to wait for.
  mutating func runEnded(
    rowCount: Int, isMissingTarget: Bool, isTrying: Bool, now: Instant
  ) {
    guard isTrying else {
      trial = nil
      turn = Turn()
      return
    }
    if turn.began == .never { turn.began = now }
    turn.runCount += 1
    turn.rowCount += rowCount
    turn.missedTarget = turn.missedTarget || isMissingTarget
    if turn.runCount > Self.runsOfTurn { turnEnded(now: now) }
  }

  private mutating func turnEnded(now: Instant) {
    let ended = turn
    turn = Turn()
    turn.began = now
    guard trial != nil else {
      pauseLeft -= 1
      if pauseLeft <= 0 { beginTrial() }
      return
    }
    count(ended, until: now)
  }

  private mutating func beginTrial() {
    let wantsLonger = mayTryLonger && step + 1 < Self.shares.count
    guard wantsLonger || step > 0 else { return rest(true) }
    trial = Trial(step: wantsLonger ? step + 1 : step - 1)
    mayTryLonger.toggle()
  }

  private mutating func count(_ ended: Turn, until now: Instant) {
    guard var trial else { return }
    // The first two turns carry what the choice before them left behind.
    if trial.turnCount >= 2 {
      let rows = Double(ended.rowCount)
      let nanoseconds = Double(now.nanoseconds(since: ended.began))
      if trial.isOtherTurn {
        trial.other.rows += rows
        trial.other.nanoseconds += nanoseconds
        trial.otherMissedTarget = trial.otherMissedTarget || ended.missedTarget
      } else {
        trial.present.rows += rows
        trial.present.nanoseconds += nanoseconds
      }
    }
    trial.turnCount += 1
    self.trial = trial
    if trial.turnCount == Self.turnsOfTrial { decide(trial) }
  }

  private mutating func decide(_ trial: Trial) {
    let gain = trial.present.rate > 0 ? trial.other.rate / trial.present.rate : 0
    let isLonger = trial.step > step
    let isBetter =
      isLonger ? gain > Self.gainNeeded && !trial.otherMissedTarget : gain > 2 - Self.gainNeeded
    if isBetter {
      step = trial.step
      // What paid once may pay twice.
      mayTryLonger = isLonger
    }
    self.trial = nil
    rest(!isBetter)
  }

  private mutating func rest(_ isFruitless: Bool) {
    pause = isFruitless ? min(pause * 2, Self.pauseMax) : 1
    pauseLeft = pause
  }
}
