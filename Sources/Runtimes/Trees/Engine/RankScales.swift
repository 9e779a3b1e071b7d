internal import Kernels

/// How a row's values become bytes: what every split of an ensemble asks, as a slot of those bytes and
/// a rank in it.
///
/// A value is below a threshold exactly where its rank, the number of thresholds not above it, is not
/// above the threshold's place among them; so bytes are compared instead of numbers, and bit for bit
/// with the same outcome. Splits that send a missing value left have another slot than those that send
/// it right, so that no split needs to ask. A column with more thresholds than a byte can count has
/// several scales; a set of categories is a slot of zeros and ones.
struct RankScales {
  private(set) var scales: [apus_tree_scale] = []
  private(set) var floatThresholds: [Float] = []
  /// Empty where the ensemble sees Float32.
  private(set) var doubleThresholds: [Double] = []
  private(set) var categories: [apus_tree_category] = []
  private(set) var categoryWords: [UInt32] = []
  private(set) var slotCount = 0

  /// By column: its distinct thresholds, ascending, and its first scale.
  private var thresholds: [[Double]]
  private var firstScales: [Int]
  /// By scale: its slot for splits that send the missing left, and right; -1 before there is one.
  private var slots: [(left: Int, right: Int)] = []
  private var categorySlots: [CategoryQuestion: Int] = [:]

  private struct CategoryQuestion: Hashable {
    let column: Int
    let words: [UInt32]
    let missingGoesLeft: Bool
  }

  /// No rank of a value that is there is above it.
  private static let alwaysLeft: UInt8 = 254
  private static let missingRight: UInt8 = 255

  let isDouble: Bool
  private let zeroIsMissing: [Bool]
  private let noCategoryFrom: Double
  private let categoryWordsMax: Int

  init(_ ensemble: TreeEnsemble) {
    zeroIsMissing = ensemble.zeroIsMissing
    // As `TreeEnsemble.category(of:)` has it: XGBoost knows none below zero, nor from 2^24 on, and
    // LightGBM cuts the fraction off before it looks, and knows those of an Int32.
    isDouble = ensemble.inputPrecision == .double
    noCategoryFrom = isDouble ? -1 : -Double.leastNonzeroMagnitude
    categoryWordsMax = (isDouble ? 1 << 31 : 1 << 24) / 32
    thresholds = Self.sortedThresholds(ensemble)
    firstScales = [Int](repeating: -1, count: ensemble.featureCount)
    for column in thresholds.indices {
      firstScales[column] = scales.count
      if !thresholds[column].isEmpty { addScales(column: column) }
    }
  }

  /// By column; a single NaN says that all its splits have that threshold.
  private static func sortedThresholds(_ ensemble: TreeEnsemble) -> [[Double]] {
    var found = [[Double]](repeating: [], count: ensemble.featureCount)
    var asksAlways = [Bool](repeating: false, count: ensemble.featureCount)
    for tree in ensemble.trees {
      for node in tree.nodes {
        guard case .numeric(let split, let threshold) = node.kind else { continue }
        if threshold.isNaN {
          asksAlways[split.feature] = true
        } else {
          found[split.feature].append(threshold)
        }
      }
    }
    for column in found.indices {
      found[column].sort()
      found[column] = distinct(found[column])
      if asksAlways[column], found[column].isEmpty { found[column] = [.nan] }
    }
    return found
  }

  private static func distinct(_ sorted: [Double]) -> [Double] {
    var kept: [Double] = []
    for value in sorted where kept.last != value { kept.append(value) }
    return kept
  }

  private func zeroIsMissing(_ column: Int) -> Bool {
    !zeroIsMissing.isEmpty && zeroIsMissing[column]
  }

  private mutating func addScales(column: Int) {
    let all = thresholds[column].filter { !$0.isNaN }
    var start = 0
    repeat {
      let end = min(start + Int(apus_tree_scale_max), all.count)
      scales.append(
        apus_tree_scale(
          column: UInt32(column), first_threshold: UInt32(floatThresholds.count), slots: (0, 0),
          missing_ranks: (0, 0), zero_is_missing: zeroIsMissing(column) ? 1 : 0,
          has_one_block: end - start < 16 ? 1 : 0))
      slots.append((-1, -1))
      let table = Self.table(all[start..<end])
      floatThresholds += table.map(Self.floatNotBelow)
      if isDouble { doubleThresholds += table }
      start = end
    } while start < all.count
  }

  /// Ends of blocks of 16, then the blocks, filled up with NaN, which is not below anything.
  private static func table(_ thresholds: ArraySlice<Double>) -> [Double] {
    let blockCount = thresholds.count / 16 + 1
    var table = [Double](repeating: .nan, count: 16 + 16 * blockCount)
    for (place, threshold) in thresholds.enumerated() {
      table[16 + place] = threshold
      if place % 16 == 15 { table[place / 16] = threshold }
    }
    return table
  }

  /// The least Float32 that is not below it: every Float32 is below both or neither.
  private static func floatNotBelow(_ threshold: Double) -> Float {
    let near = Float(threshold)
    return Double(near) < threshold ? near.nextUp : near
  }

  /// The slot that a split asks, and the rank above which a row goes right.
  mutating func question(_ split: Split, threshold: Double) -> RankQuestion {
    let first = firstScales[split.feature]
    guard !threshold.isNaN else {
      return RankQuestion(
        slot: slot(ofScale: first, missingGoesLeft: split.missingGoesLeft), rank: Self.alwaysLeft)
    }
    let place = Self.place(of: threshold, in: thresholds[split.feature])
    let (scale, rank) = place.quotientAndRemainder(
      dividingBy: Int(apus_tree_scale_max))
    return RankQuestion(
      slot: slot(ofScale: first + scale, missingGoesLeft: split.missingGoesLeft),
      rank: UInt8(rank))
  }

  private static func place(of threshold: Double, in sorted: [Double]) -> Int {
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < threshold { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private mutating func slot(ofScale scale: Int, missingGoesLeft: Bool) -> Int {
    let known = missingGoesLeft ? slots[scale].left : slots[scale].right
    guard known < 0 else { return known }
    let slot = slotCount
    slotCount += 1
    let missing = missingGoesLeft ? 0 : Self.missingRight
    // With the first slot of a scale both places are taken, so that the kernel need not ask.
    let isFirst = slots[scale].left < 0 && slots[scale].right < 0
    if isFirst {
      scales[scale].slots = (UInt32(slot), UInt32(slot))
      scales[scale].missing_ranks = (missing, missing)
    } else {
      scales[scale].slots.1 = UInt32(slot)
      scales[scale].missing_ranks.1 = missing
    }
    if missingGoesLeft { slots[scale].left = slot } else { slots[scale].right = slot }
    return slot
  }

  mutating func question(_ split: Split, set: CategorySet) -> RankQuestion {
    let words = set.words.isEmpty ? [0] : Array(set.words.prefix(categoryWordsMax))
    let asked = CategoryQuestion(
      column: split.feature, words: words, missingGoesLeft: split.missingGoesLeft)
    if let slot = categorySlots[asked] { return RankQuestion(slot: slot, rank: 0) }
    let slot = slotCount
    slotCount += 1
    categorySlots[asked] = slot
    categories.append(
      apus_tree_category(
        column: UInt32(split.feature), slot: UInt32(slot),
        first_word: UInt32(categoryWords.count), word_count: UInt32(words.count),
        above: noCategoryFrom,
        missing_rank: split.missingGoesLeft ? 0 : 1,
        zero_is_missing: zeroIsMissing(split.feature) ? 1 : 0))
    categoryWords += words
    return RankQuestion(slot: slot, rank: 0)
  }
}

/// A row goes right where the byte in this slot is above this rank.
struct RankQuestion {
  let slot: Int
  let rank: UInt8
}
