package import Inference

/// In which order models load, where some are made of others.
package enum LoadOrder {
  /// A model to load and the models that it asks.
  package struct Entry: Sendable {
    package let name: String
    package let needs: Set<String>

    package init(name: String, needs: Set<String>) {
      self.name = name
      self.needs = needs
    }
  }

  /// Places of the entries, each after those of the models that it needs; those that need nothing
  /// keep their order. Needs that are no entry are left to the load, which says what is missing.
  ///
  /// Throws with the path where models need each other in a circle.
  package static func places(of entries: [Entry]) throws(ServerFault) -> [Int] {
    let names = Set(entries.map(\.name))
    var ordered: [Int] = []
    var loaded: Set<String> = []
    var left = Array(entries.indices)
    while !left.isEmpty {
      let waiting = Set(left.map { entries[$0].name })
      let free = left.filter { place in
        entries[place].needs.intersection(names).allSatisfy {
          loaded.contains($0) || !waiting.contains($0)
        }
      }
      guard let next = free.first else { throw circle(entries, left) }
      ordered.append(next)
      left.removeAll { $0 == next }
      if !left.contains(where: { entries[$0].name == entries[next].name }) {
        loaded.insert(entries[next].name)
      }
    }
    return ordered
  }

  /// Every entry that is left needs another that is left, so the walk meets itself.
  private static func circle(_ entries: [Entry], _ left: [Int]) -> ServerFault {
    var needs: [String: Set<String>] = [:]
    for place in left { needs[entries[place].name, default: []].formUnion(entries[place].needs) }
    var path = [entries[left[0]].name]
    while let last = path.last,
      let next = needs[last]?.filter({ needs[$0] != nil }).min()
    {
      if let meeting = path.firstIndex(of: next) {
        let circle = (path[meeting...] + [next]).joined(separator: " -> ")
        return .configurationInvalid(file: next, reason: "models ask each other: \(circle)")
      }
      path.append(next)
    }
    return .configurationInvalid(file: path[0], reason: "models ask each other")
  }
}
