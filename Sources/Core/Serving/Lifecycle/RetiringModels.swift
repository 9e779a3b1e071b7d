/// Versions that nobody can reach any more, until they have drained and their memory is back.
///
/// All drain at once, so that one which takes its time keeps no other in memory.
struct RetiringModels: Sendable {
  enum Step {
    /// Have it refuse what comes and answer what it took.
    case drain(ModelCore)
    /// It has answered everything: its threads can end.
    case seeOut(ModelCore, number: UInt64)
  }

  private struct Leaving: Sendable {
    let core: ModelCore
    let number: UInt64
    var isTold = false
    var isDrained = false
  }

  private var leaving: [Leaving] = []
  /// No more steps: whoever closes sees the rest out.
  var isClosing = false

  mutating func add(_ core: ModelCore, _ number: UInt64) {
    if !isClosing { leaving.append(Leaving(core: core, number: number)) }
  }

  /// A version has answered everything; perhaps one of these.
  mutating func drained(_ core: ModelCore) {
    guard let place = leaving.firstIndex(where: { $0.core === core }) else { return }
    leaving[place].isDrained = true
  }

  /// What is to be done next: `.some(nil)` where that will be nothing, `nil` where there is nothing
  /// yet.
  mutating func next() -> Step?? {
    if isClosing { return .some(nil) }
    if let place = leaving.firstIndex(where: \.isDrained) {
      let next = leaving.remove(at: place)
      return .some(.seeOut(next.core, number: next.number))
    }
    guard let place = leaving.firstIndex(where: { !$0.isTold }) else { return nil }
    leaving[place].isTold = true
    return .some(.drain(leaving[place].core))
  }

  /// Those that are not out yet.
  mutating func takeRest() -> [ModelCore] {
    defer { leaving = [] }
    return leaving.map(\.core)
  }
}
