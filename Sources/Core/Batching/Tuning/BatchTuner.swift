package import Inference

/// Finds out, while a model serves, how many rows are worth joining and how long it is worth waiting
/// for them.
///
/// Two questions, one after the other. How many rows: runs of one size after the other are let
/// through and their cost of a row compared; where more rows cost as much each, joining does not
/// pay, and every request runs alone. How long to wait: waiting is lengthened by a step for some
/// turns between turns of the present choice, and kept where it serves more rows in the same time.
/// Both are asked again from time to time, because loads and neighbours change. With a target for
/// the 99th percentile, sizes and waits that would miss it are left out, as long as the requests do
/// not pile up: then only speed helps.
///
/// A plain value: no clock, no lock; the same events lead to the same choice.
package struct BatchTuner: Sendable {
  /// What holds until the tuner knows better.
  package struct Choice: Sendable, Equatable {
    /// Rows that a run joins at most; 1 where requests run alone.
    package var rowsMax: Int
    package var delayNanoseconds: UInt64
    package var reason: TuningReason
  }

  package private(set) var choice: Choice
  private let aim: BatchingAim
  private let rowsMax: Int
  private var costs: BatchCosts
  private var waits: WaitTrial
  private var latencies = LatencySketch()
  private var isPiledUp = false
  private var runsSinceSettled = 0
  /// Runs since the size that is being learned was let through, without enough of that size.
  private var runsOfLearning = 0

  /// A size is better only if it saves this part of the cost of a row.
  private static let worthwhile = 0.04
  /// Runs after which what is known of other sizes is measured again.
  private static let runsBeforeDoubt = 4_096
  /// Runs after which a size counts as one that this load does not reach.
  private static let patience = 192
  /// Part of a target that a run and the one before it may take: the rest is for what is not seen here.
  private static let targetShare = 0.9

  /// - Parameter rowsMax: rows that a run may have, 1 or more.
  package init(aim: BatchingAim, rowsMax: Int) {
    self.aim = aim
    self.rowsMax = max(1, rowsMax)
    costs = BatchCosts(rowsMax: self.rowsMax)
    waits = WaitTrial()
    choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .learning(rows: 1))
    choose()
  }

  /// A run ended.
  ///
  /// - Parameter waitingRows: rows that wait for the next one.
  package mutating func runEnded(
    rowCount: Int, nanoseconds: UInt64, waitingRows: Int, now: Instant
  ) {
    costs.learn(nanoseconds: nanoseconds, rowCount: rowCount)
    isPiledUp = waitingRows > 4 * choice.rowsMax
    waits.runEnded(
      rowCount: rowCount, isMissingTarget: isMissingTarget, isTrying: isSettled && mayWait,
      now: now)
    runsSinceSettled = isSettled ? runsSinceSettled + 1 : 0
    runsOfLearning = isSettled ? runsOfLearning : runsOfLearning + 1
    if runsSinceSettled > Self.runsBeforeDoubt {
      runsSinceSettled = 0
      runsOfLearning = 0
      costs.forgetAll(but: BatchCosts.size(ofRows: choice.rowsMax))
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

  private var isSettled: Bool {
    switch choice.reason {
    case .learning: false
    case .alone, .fastest, .withinTarget, .hurried: true
    }
  }

  /// Joining pays, so that waiting might.
  private var mayWait: Bool { choice.rowsMax > 1 && !isPiledUp }

  // MARK: Choosing

  private mutating func choose() {
    if let size = unknownSize {
      let rows = rows(ofSize: size)
      if rows != choice.rowsMax, runsOfLearning < Self.patience { runsOfLearning = 0 }
      if runsOfLearning < Self.patience {
        choice = Choice(rowsMax: rows, delayNanoseconds: 0, reason: .learning(rows: rows))
        return
      }
    }
    let best = bestSize
    guard best > 0 else {
      choice = Choice(rowsMax: 1, delayNanoseconds: 0, reason: .alone(saving: savingOfJoining))
      return
    }
    let rows = rows(ofSize: best)
    choice = Choice(
      rowsMax: rows, delayNanoseconds: delay(forRows: rows), reason: reason(forRows: rows))
  }

  private func rows(ofSize size: Int) -> Int { min(rowsMax, 1 << size) }

  /// The next size to be measured; `nil` where enough is known to choose.
  ///
  /// Sizes grow until two in a row do not pay, or until one takes longer than the target allows.
  private var unknownSize: Int? {
    var failures = 0
    var best = costs.nanosecondsPerRow(0) ?? .infinity
    for size in 0...costs.largest {
      guard let cost = costs.nanosecondsPerRow(size) else { return size }
      if exceedsTarget(size) { return nil }
      if size > 0, cost > best * (1 - Self.worthwhile) { failures += 1 } else { failures = 0 }
      best = min(best, cost)
      if failures == 2 { return nil }
    }
    return nil
  }

  /// The size with the cheapest rows, a smaller one where that is nearly as good.
  private var bestSize: Int {
    let allowed = costs.known.filter { isPiledUp || !exceedsTarget($0) }
    guard let cheapest = allowed.compactMap({ costs.nanosecondsPerRow($0) }).min() else { return 0 }
    return allowed.first {
      costs.nanosecondsPerRow($0) ?? .infinity <= cheapest * (1 + Self.worthwhile)
    } ?? 0
  }

  /// Whether a request that comes while such a run is under way, and then has one of its own, is late.
  private func exceedsTarget(_ size: Int) -> Bool {
    guard let target, size > 0, let perRow = costs.nanosecondsPerRow(size) else { return false }
    return 2 * perRow * Double(rows(ofSize: size)) > Double(target) * Self.targetShare
  }

  private var savingOfJoining: Double {
    guard let alone = costs.nanosecondsPerRow(0), alone > 0 else { return 0 }
    let joined = costs.known.dropFirst().compactMap { costs.nanosecondsPerRow($0) }.min() ?? alone
    return 1 - joined / alone
  }

  private func delay(forRows rows: Int) -> UInt64 {
    guard let perRow = costs.nanosecondsPerRow(BatchCosts.size(ofRows: rows)) else { return 0 }
    let run = perRow * Double(rows)
    var delay = run * waits.shareOfRun
    if let target {
      delay = min(delay, max(0, Double(target) * Self.targetShare - 2 * run))
    }
    return UInt64(delay)
  }

  private func reason(forRows rows: Int) -> TuningReason {
    let saving = savingOfJoining
    guard target != nil else { return .fastest(saving: saving) }
    return isPiledUp
      ? .hurried(saving: saving) : .withinTarget(p99Nanoseconds: latencies.p99, saving: saving)
  }
}

/// Why a batcher chose what it chose.
package enum TuningReason: Sendable, Equatable {
  /// Runs of up to so many rows are being measured.
  case learning(rows: Int)
  /// A row of a joined run costs as much as a run alone, or saves only this part of it.
  case alone(saving: Double)
  /// Rows of this size save this part of what a run alone costs, and none saves more.
  case fastest(saving: Double)
  /// The best that keeps the target.
  case withinTarget(p99Nanoseconds: UInt64?, saving: Double)
  /// Requests pile up: the target is out of reach, and speed brings it nearer than anything else.
  case hurried(saving: Double)
}
