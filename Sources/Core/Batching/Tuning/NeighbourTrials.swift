import Inference

/// Tries whether another wait or a smaller run serves more rows than the present choice.
///
/// Time is cut into turns of some runs each. A trial is ten turns, the present choice and one of its
/// neighbours in alternation, so that a load that changes meanwhile touches both. What makes
/// answers later, or runs smaller than they could be, is kept only where it serves clearly more; the
/// way back is taken already where it serves no less. Between trials the pauses double while nothing
/// changes.
struct NeighbourTrials: Sendable {
  /// What is tried, in this order, again and again.
  private enum Move: CaseIterable {
    case waitLonger, smaller, waitShorter, larger

    /// It must serve this much more than the present choice.
    var gainNeeded: Double {
      switch self {
      case .waitLonger, .smaller: 1.02
      case .waitShorter, .larger: 0.985
      }
    }
  }

  private struct Place: Equatable {
    /// Index of `shares`.
    var wait = 0
    var sizesBelow = 0
  }

  /// Waits to choose from, as parts of the time that a full run takes.
  private static let shares = [0, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1.0 / 2]
  private static let sizesBelowMax = 3
  private static let runsOfTurn = 24
  private static let turnsOfTrial = 10
  private static let pauseMax = 64

  private var place = Place()
  private var trial: Trial?
  private var turn = Turn()
  private var nextMove = 0
  private var pauseLeft = 1
  private var pause = 1

  private struct Turn {
    var began = Instant.never
    var runCount = 0
    var rowCount = 0
    var missedTarget = false
  }

  private struct Trial {
    let move: Move
    let place: Place
    var turnCount = 0
    var present = Sum()
    var other = Sum()

    struct Sum {
      var rows = 0.0
      var nanoseconds = 0.0
      var missedTarget = false
      var rate: Double { nanoseconds > 0 ? rows / nanoseconds : 0 }

      mutating func add(_ turn: Turn, until now: Instant) {
        rows += Double(turn.rowCount)
        nanoseconds += Double(now.nanoseconds(since: turn.began))
        missedTarget = missedTarget || turn.missedTarget
      }
    }

    var isOtherTurn: Bool { turnCount % 2 == 1 }
  }

  private var current: Place {
    if let trial, trial.isOtherTurn { trial.place } else { place }
  }

  /// The wait that holds now, as a part of the time of a full run.
  var waitAsShareOfRun: Double { Self.shares[current.wait] }

  /// How many sizes the runs of now stay below the one with the cheapest rows.
  var sizesBelow: Int { current.sizesBelow }

  /// - Parameter isTrying: joining pays; otherwise there is nothing to choose.
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
    guard var trial else {
      pauseLeft -= 1
      if pauseLeft <= 0 { beginTrial() }
      return
    }
    // The first two turns carry what the choice before them left behind.
    if trial.turnCount >= 2 {
      if trial.isOtherTurn {
        trial.other.add(ended, until: now)
      } else {
        trial.present.add(ended, until: now)
      }
    }
    trial.turnCount += 1
    self.trial = trial
    if trial.turnCount == Self.turnsOfTrial { decide(trial) }
  }

  private mutating func beginTrial() {
    for _ in Move.allCases {
      let move = Move.allCases[nextMove]
      nextMove = (nextMove + 1) % Move.allCases.count
      if let other = neighbour(move) {
        trial = Trial(move: move, place: other)
        return
      }
    }
  }

  private func neighbour(_ move: Move) -> Place? {
    var other = place
    switch move {
    case .waitLonger: other.wait += 1
    case .waitShorter: other.wait -= 1
    case .smaller: other.sizesBelow += 1
    case .larger: other.sizesBelow -= 1
    }
    let isPlace =
      Self.shares.indices.contains(other.wait)
      && (0...Self.sizesBelowMax).contains(other.sizesBelow)
    return isPlace ? other : nil
  }

  private mutating func decide(_ trial: Trial) {
    let gain = trial.present.rate > 0 ? trial.other.rate / trial.present.rate : 0
    let isLate = trial.other.missedTarget && !trial.present.missedTarget
    let isBetter = gain > trial.move.gainNeeded && !(isLate && trial.move == .waitLonger)
    if isBetter {
      // What paid once may pay twice.
      nextMove = Move.allCases.firstIndex(of: trial.move) ?? 0
      place = trial.place
    }
    self.trial = nil
    pause = isBetter ? 1 : min(pause * 2, Self.pauseMax)
    pauseLeft = pause
  }
}
