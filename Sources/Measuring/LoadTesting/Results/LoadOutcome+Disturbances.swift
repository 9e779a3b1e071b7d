import Reports

/// What spoiled a run although nobody failed: sentences for `problems`.
extension LoadOutcome {
  /// Of the machine's time, so much may go to other processes.
  private static let otherFractionMax = 0.05
  /// Of a run's time, for so much its container may be held back.
  private static let heldBackFractionMax = 0.01

  var disturbances: [String] {
    [otherProblem, heldBackProblem, heatProblem, steadinessProblem].compactMap { $0 }
  }

  private var otherProblem: String? {
    guard let fraction = disturbance.otherFraction, fraction > Self.otherFractionMax else {
      return nil
    }
    return
      "other processes used \(Int((fraction * 100).rounded())) % of this machine; measure again when it "
      + "is quiet"
  }

  /// What others used that may have worked for the target; `nil` where it is little, or none is in doubt.
  var doubtfulOthers: String? {
    guard let fraction = disturbance.doubtfulFraction, fraction > Self.otherFractionMax else {
      return nil
    }
    return
      "\(Int((fraction * 100).rounded())) % of this machine, more than those that listen: they work for "
      + "the target, or disturb it"
  }

  private var heldBackProblem: String? {
    guard disturbance.heldBackSeconds > Self.heldBackFractionMax * max(seconds, 0.1) else {
      return nil
    }
    let text = Readable.time(UInt64(disturbance.heldBackSeconds * 1e9))
    return "the processor limit of this process's group held it back for \(text) in all"
  }

  private var heatProblem: String? {
    guard disturbance.heatCount > 0 else { return nil }
    return "processors slowed down for heat \(disturbance.heatCount) times"
  }

  /// How steady a closed loop was; `nil` where that cannot be told.
  var steadiness: Steadiness? {
    guard !plan.scenario.isOpen, plan.think == nil, !isJoined else { return nil }
    return Steadiness(
      figures.windows, latencies: figures.latencies, concurrency: plan.concurrency)
  }

  private var steadinessProblem: String? {
    guard let steadiness, steadiness.isSpoiled else { return nil }
    let percent = Int((steadiness.variation * 100).rounded())
    let usual = Readable.decimal(steadiness.expected * 100, places: 1)
    return "throughput moved by \(percent) % between ten parts of the run, by chance it would by "
      + "\(usual) %: something changed meanwhile"
  }
}
