/// Tells from repeated looks at a repository's files what has changed.
///
/// A value without a clock: whoever looks decides when. A change counts once two looks in a row agree
/// about it, so that a file which is still being written, or a folder that is being replaced, is left
/// alone.
package struct RepositoryWatch: Sendable {
  package enum Change: Sendable, Equatable {
    case appeared(RepositoryPlace)
    /// With what it was before.
    case changed(RepositoryPlace, from: FileMarks)
    case removed(RepositoryPlace)
  }

  private var settled: [RepositoryPlace: FileMarks]
  /// What the look before saw, where that was not what is settled; `nil` for nothing there.
  private var seen: [RepositoryPlace: FileMarks?] = [:]

  /// What is there now is known already.
  package init(_ known: [RepositoryPlace: FileMarks]) { settled = known }

  /// Takes one look, and says what can be relied on, by name.
  package mutating func look(_ found: [RepositoryPlace: FileMarks]) -> [Change] {
    var changes: [Change] = []
    for place in Set(found.keys).union(settled.keys).union(seen.keys).sorted(by: Self.order) {
      let (now, before) = (found[place], settled[place])
      guard now != before else {
        seen[place] = nil
        continue
      }
      guard let earlier = seen[place], earlier == now else {
        seen[place] = .some(now)
        continue
      }
      seen[place] = nil
      settled[place] = now
      changes.append(Self.change(place, before, now))
    }
    return changes
  }

  private static func change(
    _ place: RepositoryPlace, _ before: FileMarks?, _ now: FileMarks?
  ) -> Change {
    guard now != nil else { return .removed(place) }
    return before.map { .changed(place, from: $0) } ?? .appeared(place)
  }

  private static func order(_ left: RepositoryPlace, _ right: RepositoryPlace) -> Bool {
    (left.name, left.path) < (right.name, right.path)
  }
}
