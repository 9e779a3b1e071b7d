import Inference

/// Which of the waiting requests the next run joins, or how long it is worth waiting for more.
///
/// The rules are those of Triton's dynamic batcher: a batch leaves at once when it has a preferred
/// number of rows, when nothing more fits in, or when its oldest request has waited for the longest
/// delay; without preferred numbers the largest batch is the preferred one.
struct BatchComposer: Sendable {
  enum Composition: Sendable {
    case run(OneOrMore<BatchShare>)
    /// No batch is worth a run before then.
    case wait(until: Instant)
    case nothing
  }

  /// Most rows of a run; `nil` where there is no bound.
  let rowsMax: Int?
  /// Requests may share runs.
  private(set) var isJoining: Bool
  /// The figures are a tuner's.
  private var isTuned = false
  /// Most rows of a run that joins requests: `rowsMax`, or less where a tuner says so.
  private var joinedRowsMax: Int
  private var preferredRowCounts: [Int]
  private var delayNanoseconds: UInt64
  /// Nothing overtakes a request with which it cannot share a run.
  private let keepsOrder: Bool

  /// Requests looked at for one batch: bounds the time under the lock.
  private static let glancesMax = 512
  /// Different keys that are looked at before the composer says that it is worth waiting.
  private static let keysMax = 8

  init(policy: BatchingPolicy) {
    let rowsMax = policy.rowsMax > 0 ? policy.rowsMax : nil
    self.rowsMax = rowsMax
    isJoining = policy.mode != .off && policy.rowsMax > 1
    joinedRowsMax = rowsMax ?? .max
    delayNanoseconds = policy.mode == .fixed ? policy.delayNanosecondsMax : 0
    let preferred = policy.preferredRowCounts.filter { $0 > 0 && $0 <= rowsMax ?? 0 }.sorted()
    preferredRowCounts = preferred.isEmpty ? rowsMax.map { [$0] } ?? [] : preferred
    keepsOrder = policy.preservesOrdering
  }

  /// Takes over what a tuner chose.
  mutating func follow(_ choice: BatchTuner.Choice) {
    isTuned = true
    isJoining = choice.rowsMax > 1
    joinedRowsMax = choice.rowsMax
    preferredRowCounts = [choice.rowsMax]
    delayNanoseconds = choice.delayNanoseconds
  }

  /// Whether a request may start without a look at what else waits, because nothing does.
  func startsAlone(_ request: QueuedRequest) -> Bool {
    guard request.key != nil else { return true }
    if let rowsMax, request.rowCount > rowsMax { return false }
    return !isJoining || delayNanoseconds == 0 || isEnough(request.rowCount)
  }

  private func isEnough(_ rowCount: Int) -> Bool {
    preferredRowCounts.contains(rowCount) || rowCount >= preferredRowCounts.last ?? 0
  }

  /// Whether more may still come for the next run.
  struct Gathering: Sendable {
    /// A tuner's delay begins there at the earliest: callers who have their answers may ask again,
    /// and fill the run that would leave without them.
    var lastRunEnded: Instant
    /// Callers are expected back by then who are worth waiting for; `nil` where none are.
    var awaitedReturn: Instant?
    /// Nothing more will come, so that no delay is worth it.
    var isHurried: Bool
  }

  func compose(
    _ lines: WaitingLines, _ book: RequestBook, now: Instant, _ gathering: Gathering
  ) -> Composition {
    let delayBegins = isTuned ? gathering.lastRunEnded : .never
    var cursor = WaitingLines.Cursor()
    var keys: [BatchKey] = []
    var readyAt = Instant.distantFuture
    while let ticket = lines.next(&cursor) {
      guard isJoining, let key = book[ticket].request.key else {
        return .run(OneOrMore(share(of: book[ticket], roomFor: rowsMax)))
      }
      guard !keys.contains(key) else { continue }
      var group = gather(from: ticket, cursor, lines, book)
      group.oldest = max(group.oldest, delayBegins)
      let awaited = group.isFull || gathering.isHurried ? nil : gathering.awaitedReturn
      if gathering.isHurried || awaited == nil && group.isReady(at: now, after: delayNanoseconds) {
        return .run(group.shares(at: now, after: delayNanoseconds))
      }
      readyAt = min(
        readyAt, max(awaited ?? .never, group.oldest.advanced(byNanoseconds: delayNanoseconds)))
      keys.append(key)
      if keepsOrder || keys.count == Self.keysMax { break }
    }
    return readyAt == .distantFuture ? .nothing : .wait(until: readyAt)
  }

  private func share(of page: RequestBook.Page, roomFor room: Int?) -> BatchShare {
    // A request without a key is never cut.
    let count = page.request.key == nil ? page.rowsLeft : min(page.rowsLeft, room ?? page.rowsLeft)
    return BatchShare(
      ticket: page.request.ticket, rows: page.rowsStarted..<page.rowsStarted + count)
  }

  /// All that can run with `first`, which the cursor has just passed.
  private func gather(
    from first: Ticket, _ start: WaitingLines.Cursor, _ lines: WaitingLines, _ book: RequestBook
  ) -> Group {
    let rowsMax = rowsMax ?? .max
    let key = book[first].request.key
    var cursor = start
    var group = Group(share(of: book[first], roomFor: rowsMax), oldest: book[first].admitted)
    group.note(isPreferred: preferredRowCounts.contains(group.rowCount))
    for _ in 0..<Self.glancesMax {
      guard group.rowCount < joinedRowsMax, let ticket = lines.next(&cursor) else { break }
      let page = book[ticket]
      guard page.request.key == key else {
        if keepsOrder { group.isFull = true }
        if keepsOrder { break } else { continue }
      }
      let room = joinedRowsMax - group.rowCount
      // Only what is larger than a whole run is cut; the others wait for a run that has room.
      guard page.rowsLeft <= room || page.request.rowCount > rowsMax else {
        group.isFull = true
        break
      }
      group.append(share(of: page, roomFor: room), admitted: page.admitted)
      group.note(isPreferred: preferredRowCounts.contains(group.rowCount))
    }
    if group.rowCount >= preferredRowCounts.last ?? joinedRowsMax { group.isFull = true }
    return group
  }
}

/// Shares that can run together, and which of them make a preferred batch.
private struct Group {
  private var shares: OneOrMore<BatchShare>
  private(set) var rowCount: Int
  /// When the request that waits longest was admitted.
  var oldest: Instant
  /// Nothing would be won by waiting for more.
  var isFull = false
  /// Shares, from the first, whose rows are the largest preferred number; 0 where none are.
  private var preferredCount = 0

  init(_ first: BatchShare, oldest: Instant) {
    shares = OneOrMore(first)
    rowCount = first.rows.count
    self.oldest = oldest
  }

  mutating func append(_ share: BatchShare, admitted: Instant) {
    shares.append(share)
    rowCount += share.rows.count
    oldest = min(oldest, admitted)
  }

  mutating func note(isPreferred: Bool) {
    if isPreferred { preferredCount = shares.count }
  }

  func isReady(at now: Instant, after delay: UInt64) -> Bool {
    isFull || preferredCount > 0 || isDelayOver(at: now, delay)
  }

  /// The preferred part, unless somebody has waited long enough to take all; where nobody is to wait,
  /// nobody has waited too long, as in Triton.
  func shares(at now: Instant, after delay: UInt64) -> OneOrMore<BatchShare> {
    let mayLeaveSome = delay == 0 || !isDelayOver(at: now, delay)
    guard preferredCount > 0, preferredCount < shares.count, mayLeaveSome else {
      return shares
    }
    return OneOrMore(listing: shares.prefix(preferredCount)) ?? shares
  }

  private func isDelayOver(at now: Instant, _ delay: UInt64) -> Bool {
    now >= oldest.advanced(byNanoseconds: delay)
  }
}
