package import Inference

/// Finds out, while a model serves, how many rows are worth joining and how long it is worth waiting
/// for them.
///
/// First what runs cost: one size after the other is let through and the cost of a row compared
/// (`SizeLadder`). Where more rows cost as much each, joining does not pay, and every request runs
/// alone. Then what this load makes of it: from time to time a neighbour of the present choice, a
/// longer or shorter wait, a smaller or larger run, takes turns with it, and stays if it serves more
/// rows in the same time. A target for the 99th percentile bounds the wait. Runs are never kept small
/// for a target's sake: what waits for the next run would only wait longer. Apart from all that,
/// callers who come back at once are waited for (`CallerReturns`).
///
/// A plain value: no clock, no lock; the same events lead to the same choice.
package struct BatchTuner: Sendable {
  /// What holds until the tuner knows better.
  package struct Choice: Sendable, Equatable {
    /// Rows that a run joins at most; 1 where requests run alone.
    package var rowsMax: Int
    /// How long a run that is not full waits, counted from its oldest request and from the end of
    /// the run before it, whichever is later.
    package var delayNanoseconds: UInt64
    package var reason: TuningReason
  }

  package private(set) var choice: Choice
  private let aim: BatchingAim
  private let rowsMax: Int
  private var costs: BatchCosts
  private var ladder: SizeLadder
  private var returns = CallerReturns()
  private var trials = NeighbourTrials()
  private var latencies = LatencySketch()
  /// When the last run ended, answers took longer than the target.
  private var isMissingTarget = false
  /// More waits than some full runs can take.
  private var isPiledUp = false
  private var runsSinceSettled = 0

  /// Runs after which the next larger size is measured again.
  private static let runsBeforeDoubt = 4_096
  /// Part of a target that two runs and a wait may take: the rest is for what is not seen here.
  private static let targetShare = 0.8

  /// - Parameter rowsMax: rows that a run may have, 1 or more.
  package init(aim: BatchingAim, rowsMax: Int) {
    self.aim = aim
    self.rowsMax = max(1, rowsMax)
    costs = BatchCosts(rowsMax: self.rowsMax)
    ladder = SizeLadder(largest: costs.largest)
    choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .learning(rows: 1))
  }

  /// A run ended.
  ///
  /// - Parameter waitingCount: requests that wait for the next one.
  package mutating func runEnded(
    rowCount: Int, nanoseconds: UInt64, waitingCount: Int, now: Instant
  ) {
    costs.learn(nanoseconds: nanoseconds, rowCount: rowCount)
    ladder.runEnded(nanoseconds: nanoseconds, rowCount: rowCount)
    returns.runEnded(nanoseconds: nanoseconds, rowCount: rowCount, now: now)
    isPiledUp = waitingCount > 4 * choice.rowsMax
    isMissingTarget = target.map { (latencies.p99 ?? 0) > $0 } ?? false
    trials.runEnded(
      rowCount: rowCount, isMissingTarget: isMissingTarget,
      isTrying: isSettled && bestSize > 0 && !isPiledUp && !isMissingTarget, now: now)
    if isSettled { doubt(waitingCount: waitingCount) }
    choose()
  }

  /// A request came, of so many rows.
  package mutating func requestArrived(rowCount: Int, now: Instant) {
    returns.arrived(rowCount: rowCount, now: now)
  }

  /// Until when a run that is not full waits for callers who have just been answered; `nil` where it
  /// does not.
  package func awaitedReturn(now: Instant) -> Instant? {
    choice.rowsMax > 1 && !isMissingTarget ? returns.awaited(now: now) : nil
  }

  /// What did not pay may pay by now, and what the load did not fill it may fill.
  private mutating func doubt(waitingCount: Int) {
    runsSinceSettled += 1
    let isReached = ladder.unreached.map { waitingCount >= rows(ofSize: $0) } ?? false
    guard runsSinceSettled > (isReached ? SizeLadder.patience : Self.runsBeforeDoubt) else {
      return
    }
    runsSinceSettled = 0
    ladder.lookAgain()
  }

  /// A request got its answer that long after it was admitted.
  package mutating func requestEnded(nanoseconds: UInt64) {
    if target != nil { latencies.add(nanoseconds) }
  }

  private var target: UInt64? { if case .p99(let nanoseconds) = aim { nanoseconds } else { nil } }

  private var isSettled: Bool { if case .learning = choice.reason { false } else { true } }

  // MARK: Choosing

  private mutating func choose() {
    if let candidate = ladder.candidate {
      choice = Choice(
        rowsMax: rows(ofSize: ladder.current), delayNanoseconds: delayOfLearning,
        reason: .learning(rows: rows(ofSize: candidate)))
      return
    }
    let best = bestSize
    guard best > 0 else {
      choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .alone(saving: ladder.saving))
      return
    }
    // Nobody is made to wait, and no run kept small, while too much waits already.
    let isHurried = isPiledUp || isMissingTarget
    let rows = rows(ofSize: max(1, best - (isHurried ? 0 : trials.sizesBelow)))
    let delay = isHurried ? 0 : delay(forRows: rows)
    choice = Choice(rowsMax: rows, delayNanoseconds: delay, reason: reason)
  }

  /// Callers who got their answers together ask again together, and others who did so keep step
  /// with them: a size that does not come by itself is given a moment to.
  private var delayOfLearning: UInt64 {
    guard ladder.runCount > SizeLadder.patience / 2, ladder.current > ladder.best else { return 0 }
    return costs.nanosecondsPerRow(ladder.best).map {
      UInt64($0 * Double(rows(ofSize: ladder.best)) / 8)
    } ?? 0
  }

  private func rows(ofSize size: Int) -> Int { min(rowsMax, 1 << size) }

  /// Near the limit of what can be served, a little more speed is much less waiting.
  private var bestSize: Int { isMissingTarget ? ladder.cheapest : ladder.best }

  private func delay(forRows rows: Int) -> UInt64 {
    guard let perRow = costs.nanosecondsPerRow(BatchCosts.size(ofRows: rows)) else { return 0 }
    let run = perRow * Double(rows)
    var delay = run * trials.waitAsShareOfRun
    if let target { delay = min(delay, max(0, Double(target) * Self.targetShare - 2 * run)) }
    return UInt64(delay)
  }

  private var reason: TuningReason {
    let saving = ladder.saving
    guard let target else { return .fastest(saving: saving) }
    guard let p99 = latencies.p99, p99 > target else {
      return .withinTarget(p99Nanoseconds: latencies.p99, saving: saving)
    }
    return .missesTarget(p99Nanoseconds: p99, saving: saving)
  }
}

/// Why a batcher chose what it chose.
package enum TuningReason: Sendable, Equatable {
  /// Runs of up to so many rows are being measured.
  case learning(rows: Int)
  /// A row of a joined run costs as much as a run alone, or saves only this part of it.
  case alone(saving: Double)
  /// Rows of this size save this part of what a run alone costs, and nothing else served more.
  case fastest(saving: Double)
  /// The same, and the target is kept; its percentile is `nil` until enough requests were seen.
  case withinTarget(p99Nanoseconds: UInt64?, saving: Double)
  /// The same, and the target is out of reach: nothing that was tried comes nearer to it.
  case missesTarget(p99Nanoseconds: UInt64, saving: Double)
}
