/// Where the threads of some instances run: `fast,cpu-cores=0-3`.
package struct HostPolicy: Sendable, Equatable {
  package let name: String
  /// Ascending; empty where the system places the threads.
  package var cores: [Int] = []
  /// `numa-node` was given, which has no effect here.
  package var namesNode = false

  /// All policies that these words set: each a name, followed by its settings. `nil` where that is
  /// not so. Settings of one name add up, as several flags give them.
  static func all(in words: [String]) -> [HostPolicy]? {
    var policies: [HostPolicy] = []
    var place: Int?
    for word in words {
      guard let mark = word.firstIndex(of: "=") else {
        place = policies.firstIndex { $0.name == word } ?? policies.endIndex
        if place == policies.endIndex { policies.append(HostPolicy(name: word)) }
        continue
      }
      let value = String(word[word.index(after: mark)...])
      guard let place, policies[place].set(String(word[..<mark]), value) else { return nil }
    }
    return policies.allSatisfy { !$0.cores.isEmpty || $0.namesNode } ? policies : nil
  }

  private mutating func set(_ key: String, _ value: String) -> Bool {
    switch key {
    case "cpu-cores":
      guard let cores = CoreList.parse(value) else { return false }
      self.cores = Set(self.cores + cores).sorted()
    case "numa-node":
      guard let node = Int(value), node >= 0 else { return false }
      namesNode = true
    default: return false
    }
    return true
  }
}

/// Numbers of processors as Linux writes them: `0-3` or `0`; ranges divided by commas where the
/// system itself lists them.
enum CoreList {
  private static let numberMax = 1_023

  /// Ascending; `nil` where it is no such list, or a number is above what the system's masks hold.
  static func parse(_ text: String) -> [Int]? {
    var numbers: Set<Int> = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        (0...numberMax).contains(first), (first...numberMax).contains(max(first, last)),
        first <= last
      else { return nil }
      numbers.formUnion(first...last)
    }
    return numbers.sorted()
  }

  static func text(_ numbers: [Int]) -> String {
    var parts: [String] = []
    var rest = numbers[...]
    while let first = rest.popFirst() {
      var last = first
      while rest.first == last + 1 { last = rest.removeFirst() }
      parts.append(first == last ? "\(first)" : "\(first)-\(last)")
    }
    return parts.joined(separator: ",")
  }
}
