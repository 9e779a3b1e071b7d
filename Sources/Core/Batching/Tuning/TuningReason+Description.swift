extension TuningReason: CustomStringConvertible {
  /// One sentence for operators, without a full stop.
  package var description: String {
    switch self {
    case .learning(let rows): "learning what runs of up to \(rows) rows cost"
    case .alone(let saving):
      "joining saves \(Self.percent(saving)) of what a row costs, so each request runs alone"
    case .fastest(let saving):
      "a joined row costs \(Self.percent(saving)) less, and nothing else that was tried serves more"
    case .withinTarget(nil, let saving):
      "a joined row costs \(Self.percent(saving)) less; too few answers yet to tell their p99"
    case .withinTarget(let p99?, let saving):
      "a joined row costs \(Self.percent(saving)) less, and p99 is \(Self.milliseconds(p99)), within "
        + "the target"
    case .missesTarget(let p99, let saving):
      "a joined row costs \(Self.percent(saving)) less; p99 is \(Self.milliseconds(p99)), over the "
        + "target, and nothing that was tried comes nearer to it"
    }
  }

  private static func percent(_ share: Double) -> String {
    "\(Int((max(0, share) * 100).rounded())) %"
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    "\(Double(nanoseconds / 10_000) / 100) ms"
  }
}
