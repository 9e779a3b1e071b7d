/// Why a model file cannot be read, in words for whoever has the file.
struct FormatProblem: Error, Equatable {
  let text: String

  init(_ text: String) { self.text = text }

  static func truncated(at place: Int) -> FormatProblem {
    FormatProblem("the file ends in the middle, after byte \(place)")
  }
}

/// What a model file may ask for beyond what lies in it.
enum FormatLimits {
  /// Columns and outputs that any file may declare; beyond, no more than it has bytes.
  static let undeclaredCount = 65_536
  /// How deep values may lie in each other.
  static let depth = 512

  /// Words that all category sets of a file together may take: one large category makes a large set
  /// of a few bytes.
  static func categoryWords(fileBytes: Int) -> Int { (4 << 20) + 4 * fileBytes }

  /// A count that is only declared, not followed by as many values, costs memory: it is held to what
  /// the file could well mean.
  static func checkDeclared(
    _ count: Int, _ what: String, fileBytes: Int
  ) throws(FormatProblem) {
    guard count >= 0, count <= max(undeclaredCount, fileBytes) else {
      throw FormatProblem("\(count) \(what) in a file of \(fileBytes) bytes cannot be meant")
    }
  }
}

extension CategorySet {
  /// - Parameter wordsLeft: what the sets of the file may still take; less by this one afterwards.
  init(
    of categories: some Collection<Int>, wordsLeft: inout Int
  ) throws(FormatProblem) {
    let largest = categories.max() ?? -1
    guard (categories.min() ?? 0) >= 0, largest < 1 << 31 else {
      throw FormatProblem("a category is a whole number from 0 on")
    }
    let count = (largest + 32) >> 5
    guard count <= wordsLeft else {
      throw FormatProblem("its categories reach to \(largest): sets of them are too large")
    }
    wordsLeft -= count
    words = [UInt32](repeating: 0, count: count)
    for category in categories { words[category >> 5] |= 1 << UInt32(category & 31) }
  }
}
