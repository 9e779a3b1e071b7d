/// How much is measured, and how long.
package struct TuningEffort: Sendable, Equatable {
  /// Of each bracket one in so many goes on, and is measured so many times as long.
  static let reduction = 3

  /// Lengths of runs, ascending.
  package let levels: [UInt64]
  /// Configurations of the first bracket.
  package let firstCount: Int
  /// Configurations of each later bracket.
  let aroundCount: Int
  /// No trial begins after it.
  package let budgetNanoseconds: UInt64
  /// What loading the model costs before each run.
  let loadNanoseconds: UInt64
  /// No later bracket begins that could end after it: trials and their loads; 0 for none at all.
  let aroundNanosecondsMax: UInt64

  /// A search that takes a quarter of the space and what lies around the best of it, fewer where the
  /// budget does not last.
  ///
  /// - Parameters:
  ///   - loadNanoseconds: what loading the model costs before each run.
  package static func halving(
    spaceCount: Int, longestNanoseconds: UInt64, loadNanoseconds: UInt64,
    budgetNanoseconds: UInt64
  ) -> TuningEffort {
    let levels = [longestNanoseconds / 9, longestNanoseconds / 3, longestNanoseconds]
    var count = min(max(firstCountMin, (spaceCount + 3) / 4), spaceCount)
    while count > firstCountFloor,
      cost(count, levels, loadNanoseconds) > Double(budgetNanoseconds) * firstPart
    { count -= 1 }
    let around = max(aroundCountMin, (count + 1) / 2)
    let first = cost(count, levels, loadNanoseconds)
    // A space so small that a quarter of it is no search gets one bracket around its best all the same.
    let least = first + cost(around, levels, loadNanoseconds)
    let all = Double(spaceCount) * Double(longestNanoseconds + loadNanoseconds)
    return TuningEffort(
      levels: levels, firstCount: count, aroundCount: around,
      budgetNanoseconds: budgetNanoseconds, loadNanoseconds: loadNanoseconds,
      aroundNanosecondsMax: UInt64(max(least, all * allPart)))
  }

  /// All of the space, each for the longest time: what a search is compared with.
  package static func grid(
    spaceCount: Int, longestNanoseconds: UInt64, budgetNanoseconds: UInt64
  ) -> TuningEffort {
    TuningEffort(
      levels: [longestNanoseconds], firstCount: spaceCount + 1, aroundCount: 0,
      budgetNanoseconds: budgetNanoseconds, loadNanoseconds: 0, aroundNanosecondsMax: 0)
  }

  private static let firstCountMin = 9
  private static let aroundCountMin = 3
  /// Of the time that measuring everything for longest would take, a search takes so much at most.
  private static let allPart = 0.22
  private static let firstCountFloor = 3
  /// Of the budget so much is for the first bracket.
  private static let firstPart = 0.6

  /// A bracket of so many, after so much was spent, may end in time: with one that goes on to the end,
  /// where the others are soon beaten by what is known.
  func allows(_ count: Int, after spentNanoseconds: UInt64) -> Bool {
    let runs = levels.prefix(1).map { $0 * UInt64(count) } + levels.suffix(1)
    let loads = UInt64(count + 1) * loadNanoseconds
    return spentNanoseconds + runs.reduce(0, +) + loads <= aroundNanosecondsMax
  }

  /// Nanoseconds of a bracket that begins with so many.
  private static func cost(_ count: Int, _ levels: [UInt64], _ load: UInt64) -> Double {
    var (left, sum) = (Double(count), 0.0)
    for level in levels {
      sum += left * Double(level + load)
      left = max(1, (left / Double(reduction)).rounded(.up))
    }
    return sum
  }
}
