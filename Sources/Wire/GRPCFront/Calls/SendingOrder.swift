/// What a call sends, in the order in which it was given, though workers make some of it ready.
///
/// On the call's loop. A step that finds nothing before it is taken at once.
struct SendingOrder {
  typealias Step = () -> Void

  /// From the first place that is not ready; `nil` for what a worker has in hand.
  private var steps: [Step?] = []
  /// Places before those.
  private var goneCount = 0

  var isEmpty: Bool { steps.isEmpty }

  mutating func add(_ step: @escaping Step) { steps.append(step) }

  /// Keeps a place for a step that is to be filled in once.
  mutating func keepPlace() -> Int {
    steps.append(nil)
    return goneCount + steps.count - 1
  }

  mutating func fill(_ place: Int, _ step: @escaping Step) { steps[place - goneCount] = step }

  /// The step whose turn it is.
  mutating func next() -> Step? {
    guard let first = steps.first, let step = first else { return nil }
    steps.removeFirst()
    goneCount += 1
    return step
  }
}
