package import Inference

/// The parts of one answer on their way from a model that makes them to a sink that may be slower.
///
/// A plain value. Parts are handed over one at a time, in their order, by whoever finds nobody handing
/// over; then comes the end, once. While the sink waits for its client, parts are kept up to a limit.
///
///     flowing <──> waiting (the sink said so, until it resumes)
///        └────────────┴──> ended: nothing follows
package struct PartFlow: Sendable {
  /// What became of a part that the model gave.
  package enum Offer: Sendable, Equatable {
    /// It is on its way.
    case taken
    /// As much is kept as may be: it was not taken.
    case full
    /// Nobody wants it any more.
    case unwanted
  }

  /// What is to be given to the sink next.
  package enum Step: Sendable {
    case part(ResponsePart)
    case end(ResponseEnd)
  }

  private let partsMax: Int
  private let bytesMax: Int
  private var kept: ArraySlice<ResponsePart> = []
  private var keptByteCount = 0
  /// What follows the parts that are kept, once that is known.
  package private(set) var end: ResponseEnd?
  private var isOver = false
  private var isWaiting = false
  private var isHandingOver = false
  /// The sink resumed while a part was being given to it.
  private var hasResumed = false

  package init(partsMax: Int, bytesMax: Int) {
    self.partsMax = partsMax
    self.bytesMax = bytesMax
  }

  /// The model gave a part; a single one is taken however large it is.
  package mutating func offer(_ part: ResponsePart) -> Offer {
    guard end == nil else { return .unwanted }
    let byteCount = part.byteCount
    if !kept.isEmpty, kept.count >= partsMax || keptByteCount + byteCount > bytesMax {
      return .full
    }
    kept.append(part)
    keptByteCount += byteCount
    return .taken
  }

  /// The answer is complete, well or not: the end follows what is kept, unless there is one already.
  package mutating func close(_ end: ResponseEnd) {
    if self.end == nil { self.end = end }
  }

  /// The answer is of no use any more: what is kept is let go, and the end comes at once, also in place
  /// of one that was still to come.
  package mutating func cut(_ end: ResponseEnd) {
    guard !isOver else { return }
    kept = []
    keptByteCount = 0
    self.end = end
  }

  /// The sink takes parts again.
  package mutating func resume() {
    isWaiting = false
    hasResumed = true
  }

  /// What the sink said to the part that it was given last.
  package mutating func answered(_ demand: Demand) {
    if case .wait = demand { isWaiting = !hasResumed }
  }

  /// What to give to the sink now; `nil` where there is nothing, or somebody else is giving. Ask again
  /// after giving, until `nil`.
  package mutating func next(isContinuing: Bool) -> Step? {
    guard isContinuing || !isHandingOver else { return nil }
    isHandingOver = true
    if !isWaiting, let part = kept.popFirst() {
      keptByteCount -= part.byteCount
      hasResumed = false
      return .part(part)
    }
    if kept.isEmpty, let end, !isOver {
      isOver = true
      return .end(end)
    }
    isHandingOver = false
    return nil
  }
}
