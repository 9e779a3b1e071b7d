/// Finds, one size after the other, how many rows are worth joining.
///
/// The size that is looked at and the best so far take turns of a few runs, so that a machine that
/// changes meanwhile touches both. What disturbs a run makes it longer, never shorter; so the cheaper
/// half of each side's runs is compared. The ladder ends when two sizes in a row save too little, or
/// one, where runs are so long that looking at another would cost more than it may bring; and where
/// the load never fills a run of the size.
struct SizeLadder: Sendable {
  /// The size with the cheapest rows, a smaller one where that is nearly as good.
  private(set) var best = 0
  /// The size with the cheapest rows.
  private(set) var cheapest = 0
  /// The size that is looked at; `nil` once the ladder has ended.
  private(set) var candidate: Int?
  /// The part of a row's cost that joining saves; of what was looked at, where nothing is worthwhile.
  private(set) var saving = 0.0
  /// The size that the load did not reach when the ladder ended.
  private(set) var unreached: Int?
  private let largest: Int
  /// What a row costs at `cheapest` by what it costs at `best`.
  private var cheapestRatio = 1.0
  private var failureCount = 0
  private var reference = Side()
  private var looked = Side()
  /// Runs since the candidate was let through.
  private(set) var runCount = 0

  /// A size is better only if it saves this part of the cost of a row.
  static let worthwhile = 0.04
  /// Runs after which a size counts as one that this load does not reach.
  static let patience = 128
  /// Runs in a row before the other side has its turn.
  private static let runsOfTurn = 2
  /// From runs of that length on, one size that saves nothing is enough.
  private static let longRunNanoseconds = 250e6

  /// Runs of one size.
  private struct Side: Sendable {
    private var perRow: [Double] = []
    private var nanoseconds = 0.0
    private static let runsNeeded = 8
    /// Long runs vary less: so many are enough once they took so long together.
    private static let longRunsNeeded = 3
    private static let longEnough = 500e6

    var isEnough: Bool {
      perRow.count >= Self.runsNeeded
        || perRow.count >= Self.longRunsNeeded && nanoseconds >= Self.longEnough
    }

    mutating func add(nanoseconds: UInt64, rowCount: Int) {
      guard perRow.count < Self.runsNeeded else { return }
      perRow.append(Double(nanoseconds) / Double(rowCount))
      self.nanoseconds += Double(nanoseconds)
    }

    /// Mean of the cheaper half, by row.
    var cost: Double {
      let half = perRow.sorted().prefix((perRow.count + 1) / 2)
      return half.reduce(0, +) / Double(max(1, half.count))
    }
  }

  /// - Parameter largest: the largest size there is, 0 or more.
  init(largest: Int) {
    self.largest = largest
    candidate = largest > 0 ? 1 : nil
  }

  /// The size that runs may have now.
  var current: Int {
    guard let candidate else { return best }
    let isOther = runCount / Self.runsOfTurn % 2 == 1
    return reference.isEnough || isOther ? candidate : best
  }

  mutating func runEnded(nanoseconds: UInt64, rowCount: Int) {
    guard let candidate, rowCount > 0 else { return }
    runCount += 1
    let size = BatchCosts.size(ofRows: rowCount)
    if size == candidate { looked.add(nanoseconds: nanoseconds, rowCount: rowCount) }
    if size == best { reference.add(nanoseconds: nanoseconds, rowCount: rowCount) }
    if looked.isEnough, reference.isEnough {
      compare(candidate)
    } else if runCount >= Self.patience {
      unreached = candidate
      end()
    }
  }

  /// Looks once more at the size that was not reached, or else at the one above the best; does nothing
  /// where there is none.
  mutating func lookAgain() {
    guard candidate == nil, best < largest else { return }
    if unreached == nil { failureCount = 1 }
    let size = unreached ?? best + 1
    unreached = nil
    look(at: size)
  }

  private mutating func compare(_ candidate: Int) {
    let ratio = looked.cost / max(reference.cost, 1)
    let nextRun = looked.cost * Double(1 << (candidate + 1))
    if ratio <= 1 - Self.worthwhile {
      saving = 1 - (best == 0 ? 1 : 1 - saving) * ratio
      best = candidate
      cheapest = candidate
      cheapestRatio = 1
      failureCount = 0
    } else {
      if ratio < cheapestRatio {
        cheapest = candidate
        cheapestRatio = ratio
      }
      if best == 0 { saving = max(0, 1 - ratio) }
      failureCount += 1
    }
    let hasFailed = failureCount > (nextRun > Self.longRunNanoseconds ? 0 : 1)
    if candidate == largest || hasFailed { end() } else { look(at: candidate + 1) }
  }

  private mutating func look(at size: Int) {
    candidate = size
    runCount = 0
    reference = Side()
    looked = Side()
  }

  private mutating func end() {
    candidate = nil
    runCount = 0
  }
}
