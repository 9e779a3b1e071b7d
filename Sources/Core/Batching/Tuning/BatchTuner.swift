package import Inference

/// Finds out, while a model serves, how many rows are worth joining and how long it is worth waiting
/// for them.
///
/// First what runs cost: one size after the other is let through and the cost of a row compared.
/// Where more rows cost as much each, joining does not pay, and every request runs alone. Then what
/// this load makes of it: from time to time a neighbour of the present choice, a longer or shorter
/// wait, a smaller or larger run, takes turns with it, and stays if it serves more rows in the same
/// time. A target for the 99th percentile bounds the wait. Runs are never kept small for a target's
/// sake: what waits for the next run would only wait longer.
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
  private var trials = NeighbourTrials()
  private var latencies = LatencySketch()
  /// More waits than some full runs can take.
  private var isPiledUp = false
  private var runsSinceSettled = 0
  /// Runs since the size that is being learned was let through, without enough of that size.
  private var runsOfLearning = 0

  /// A size is better only if it saves this part of the cost of a row.
  private static let worthwhile = 0.04
  /// Runs after which the next larger size is measured again.
  private static let runsBeforeDoubt = 4_096
  /// Runs after which a size counts as one that this load does not reach.
  private static let patience = 128
  /// Part of a target that two runs and a wait may take: the rest is for what is not seen here.
  private static let targetShare = 0.8

  /// - Parameter rowsMax: rows that a run may have, 1 or more.
  package init(aim: BatchingAim, rowsMax: Int) {
    self.aim = aim
    self.rowsMax = max(1, rowsMax)
    costs = BatchCosts(rowsMax: self.rowsMax)
    choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .learning(rows: 1))
  }

  /// A run ended.
  ///
  /// - Parameter waitingCount: requests that wait for the next one.
  package mutating func runEnded(
    rowCount: Int, nanoseconds: UInt64, waitingCount: Int, now: Instant
  ) {
    costs.learn(nanoseconds: nanoseconds, rowCount: rowCount)
    isPiledUp = waitingCount > 4 * choice.rowsMax
    let isLate = isMissingTarget
    trials.runEnded(
      rowCount: rowCount, isMissingTarget: isLate,
      isTrying: isSettled && bestSize > 0 && !isPiledUp && !isLate, now: now)
    if isSettled { runsSinceSettled += 1 } else { runsOfLearning += 1 }
    if runsSinceSettled > Self.runsBeforeDoubt {
      runsSinceSettled = 0
      runsOfLearning = 0
      costs.forget(bestSize + 1)
    }
    choose()
  }

  /// A request got its answer that long after it was admitted.
  package mutating func requestEnded(nanoseconds: UInt64) {
    if target != nil { latencies.add(nanoseconds) }
  }

  private var target: UInt64? { if case .p99(let nanoseconds) = aim { nanoseconds } else { nil } }

  private var isMissingTarget: Bool {
    guard let target, let p99 = latencies.p99 else { return false }
    return p99 > target
  }

  private var isSettled: Bool { if case .learning = choice.reason { false } else { true } }

  // MARK: Choosing

  private mutating func choose() {
    if let size = unknownSize, runsOfLearning < Self.patience {
      let rows = rows(ofSize: size)
      if choice.reason != .learning(rows: rows) { runsOfLearning = 0 }
      choice = Choice(
        rowsMax: rows, delayNanoseconds: delayOfLearning, reason: .learning(rows: rows))
      return
    }
    let best = bestSize
    guard best > 0 else {
      choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .alone(saving: savingOfJoining))
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
    guard runsOfLearning > Self.patience / 2, let last = costs.known.last,
      let perRow = costs.nanosecondsPerRow(last)
    else { return 0 }
    return UInt64(perRow * Double(rows(ofSize: last)) / 8)
  }

  private func rows(ofSize size: Int) -> Int { min(rowsMax, 1 << size) }

  /// The next size to be measured; `nil` where enough is known to choose. Sizes grow until two in a
  /// row do not pay.
  private var unknownSize: Int? {
    var failures = 0
    var best = Double.infinity
    for size in 0...costs.largest {
      guard let cost = costs.nanosecondsPerRow(size) else { return size }
      if size > 0, cost > best * (1 - Self.worthwhile) { failures += 1 } else { failures = 0 }
      best = min(best, cost)
      if failures == 2 { return nil }
    }
    return nil
  }

  /// The size with the cheapest rows, a smaller one where that is nearly as good.
  private var bestSize: Int {
    let known = costs.known
    guard let cheapest = known.compactMap({ costs.nanosecondsPerRow($0) }).min() else { return 0 }
    return known.first {
      // Near the limit of what can be served, a little more speed is much less waiting.
      let slack = isMissingTarget ? 0 : Self.worthwhile
      return costs.nanosecondsPerRow($0) ?? .infinity <= cheapest * (1 + slack)
    } ?? 0
  }

  private var savingOfJoining: Double {
    guard let alone = costs.nanosecondsPerRow(0), alone > 0 else { return 0 }
    let joined = costs.known.dropFirst().compactMap { costs.nanosecondsPerRow($0) }.min() ?? alone
    return 1 - joined / alone
  }

  private func delay(forRows rows: Int) -> UInt64 {
    guard let perRow = costs.nanosecondsPerRow(BatchCosts.size(ofRows: rows)) else { return 0 }
    let run = perRow * Double(rows)
    var delay = run * trials.waitAsShareOfRun
    if let target { delay = min(delay, max(0, Double(target) * Self.targetShare - 2 * run)) }
    return UInt64(delay)
  }

  private var reason: TuningReason {
    let saving = savingOfJoining
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
