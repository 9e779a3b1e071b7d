package import Inference

/// Which waiting requests run together, when, and on which instance.
///
/// A plain value: every event is a mutating function that is given the time and answers with a
/// decision. Each request that was offered is decided about exactly once: it fails here, or each of
/// its rows is part of exactly one batch, or it runs inline.
///
///     offer ──> waiting ──> running ──> (all its rows have ended)
///       │          │            └─ cancelled or late: its answer is dropped
///       │          └─ cancelled, late, or pushed out by a caller that holds less
///       └─ inline, or refused
///
/// Levels of priority go before everything; within a level callers share by `CallerAccounts`;
/// `BatchComposer` says what runs together. Where requests belong to sequences, `SequenceState` says
/// what may run, and where.
package struct BatchQueueState: Sendable {
  package let limits: QueueLimits
  package private(set) var cost: CostEstimate
  private var composer: BatchComposer
  /// Chooses for the composer where the operator left it to us.
  private var tuner: BatchTuner?
  private let keepsOrder: Bool
  var book = RequestBook()
  var lines: WaitingLines
  private var accounts = CallerAccounts()
  var runs: RunningBatches
  private var inlineRunCount = 0
  var isDraining = false
  /// Why the model takes nothing any more, once it was given up.
  private var givenUp: String?
  private var lastRunEnded = Instant.never
  /// When the batch that waits for more rows leaves without them.
  var batchReadyAt: Instant?
  /// `nil` where requests belong to no sequences.
  package internal(set) var sequences: SequenceState?

  package init(
    limits: QueueLimits, policy: BatchingPolicy = BatchingPolicy(), isDeclaredCheap: Bool,
    sequences: SequenceState? = nil
  ) {
    self.limits = limits
    cost = CostEstimate(isDeclaredCheap: isDeclaredCheap)
    composer = BatchComposer(policy: policy)
    if case .automatic(let aim) = policy.mode, policy.rowsMax > 1 {
      let tuner = BatchTuner(aim: aim, rowsMax: policy.rowsMax)
      composer.follow(tuner.choice)
      self.tuner = tuner
    }
    keepsOrder = policy.preservesOrdering
    lines = WaitingLines(policy: policy)
    runs = RunningBatches(instanceCount: limits.runsMax)
    self.sequences = sequences
  }

  /// Requests of which rows wait.
  package var waitingCount: Int { lines.count }

  // MARK: A request comes

  /// A request arrived.
  ///
  /// - Parameters:
  ///   - sequence: to which it belongs; needed where the model has sequences that are not iterative.
  ///   - mayRunInline: it arrived on an event loop that has an instance of its own.
  package mutating func offer(
    _ request: QueuedRequest, sequence: SequenceMark? = nil, mayRunInline: Bool, now: Instant
  ) -> QueueDecision {
    var decision = QueueDecision()
    tuner?.requestArrived(rowCount: request.rowCount, now: now)
    if let refusal = refusal(of: request, now: now) {
      decision.fail.append((request.ticket, refusal))
    } else if sequences != nil {
      let own = sequences?.isIterative == true ? ownSequence(of: request.ticket) : sequence
      guard let own else { preconditionFailure("\(request.ticket) is of no sequence") }
      offer(request, of: own, now: now, &decision)
    } else if mayRunInline, isInline(request) {
      inlineRunCount += 1
      decision.runsInline = true
    } else if lines.isEmpty, runs.hasIdleInstance, composer.startsAlone(request),
      tuner?.awaitedReturn(now: now) == nil
    {
      book.add(.init(request: request, level: 0, admitted: now))
      start(OneOrMore(BatchShare(ticket: request.ticket, rows: 0..<request.rowCount)), &decision)
    } else {
      admit(request, now: now, &decision)
      startNext(now: now, &decision)
    }
    return decision
  }

  private func refusal(of request: QueuedRequest, now: Instant) -> QueueFailure? {
    if isDraining { return .draining }
    if let givenUp { return .givenUp(reason: givenUp) }
    return request.deadline <= now ? .deadlinePassed : nil
  }

  private func isInline(_ request: QueuedRequest) -> Bool {
    lines.isEmpty && (!keepsOrder || book.isEmpty)
      && request.rowCount <= composer.rowsMax ?? .max
      && cost.isCheap(rowCount: request.rowCount, nanosecondsMax: limits.inlineNanosecondsMax)
  }

  mutating func admit(
    _ request: QueuedRequest, of sequence: SequenceMark? = nil, now: Instant,
    _ decision: inout QueueDecision
  ) {
    expire(now: now, &decision)
    let level = lines.level(ofPriority: request.priority)
    guard makeRoom(for: request, inLevel: level, &decision) else { return }
    if let sequence {
      // Making room, or time, may have taken the START on which it relies.
      guard sequences?.takes(sequence, now: now) == true else {
        decision.fail.append((request.ticket, .sequenceNotStarted(sequence.id)))
        return
      }
      sequences?.enter(request, sequence, now: now)
    }
    var page = RequestBook.Page(request: request, level: level, admitted: now)
    page.expiry = expiry(of: request, under: lines.levels[level].policy, now: now)
    // Where order counts, nobody overtakes: all have the same tag, and arrival decides.
    let nanoseconds = keepsOrder ? 0 : cost.expectedNanoseconds(rowCount: request.rowCount)
    page.tag = accounts.enter(request.caller, nanoseconds: nanoseconds)
    page.isWaiting = true
    book.add(page)
    lines.insert(page)
  }

  private func expiry(
    of request: QueuedRequest, under policy: QueuePolicy, now: Instant
  ) -> Instant {
    let nanoseconds = policy.timeout(of: request)
    return nanoseconds == 0 ? .distantFuture : now.advanced(byNanoseconds: nanoseconds)
  }

  /// False where the newcomer is the one to be refused; it has failed then.
  private mutating func makeRoom(
    for request: QueuedRequest, inLevel level: Int, _ decision: inout QueueDecision
  ) -> Bool {
    let levelMax = lines.levels[level].policy.waitingMax
    let isLevelFull = levelMax > 0 && lines.levels[level].count >= levelMax
    guard isLevelFull || lines.count >= limits.waitingMax else { return true }
    let reason = QueueFailure.full(limit: isLevelFull ? levelMax : limits.waitingMax)
    guard let holder = accounts.largestHolder(besides: request.caller),
      let newest = lines.newest(of: holder, inLevel: isLevelFull ? level : nil, in: book)
    else {
      decision.fail.append((request.ticket, reason))
      return false
    }
    end(newest, reason, &decision)
    return true
  }

  // MARK: A run ends

  /// A run that was decided inline is over.
  package mutating func inlineRunEnded(nanoseconds: UInt64, rowCount: Int) -> QueueDecision {
    inlineRunCount -= 1
    learn(nanoseconds: nanoseconds, rowCount: rowCount)
    var decision = QueueDecision()
    decision.isDrained = isDrained
    return decision
  }

  /// What a run on an instance cost, so that the next decision knows better.
  package mutating func learn(nanoseconds: UInt64, rowCount: Int, now: Instant) {
    learn(nanoseconds: nanoseconds, rowCount: rowCount)
    guard tuner != nil else { return }
    tuner?.runEnded(
      rowCount: rowCount, nanoseconds: nanoseconds, waitingCount: lines.count, now: now)
    if let choice = tuner?.choice { composer.follow(choice) }
  }

  private mutating func learn(nanoseconds: UInt64, rowCount: Int) {
    cost.learn(
      nanoseconds: nanoseconds, rowCount: rowCount, nanosecondsMax: limits.inlineNanosecondsMax)
  }

  /// What the tuner holds for best; `nil` where the operator chose.
  package var tuning: BatchTuner.Choice? { tuner?.choice }

  /// Rows of a request have their answer, or have failed, which ends the request.
  package mutating func shareEnded(
    _ share: BatchShare, hasFailed: Bool, now: Instant
  ) -> ShareEnd {
    guard book.holds(share.ticket) else { return .unwanted }
    book[share.ticket].rowsEnded += share.rows.count
    let page = book[share.ticket]
    if hasFailed {
      forget(page)
      return .last
    }
    guard !page.isWaiting, page.rowsEnded >= page.request.rowCount else { return .partial }
    book.remove(share.ticket)
    tuner?.requestEnded(nanoseconds: now.nanoseconds(since: page.admitted))
    return .last
  }

  /// A request has ended whose run goes on; answers that run where nobody waits for it any more. After
  /// `shareEnded`.
  package mutating func leftRun(_ ticket: Ticket) -> [RunMark] { runs.withdraw(ticket) }

  /// Whether the request has not ended yet.
  package func isWanted(_ ticket: Ticket) -> Bool { book.holds(ticket) }

  /// An instance ended its run and can take the next.
  package mutating func instanceBecameFree(_ instance: Int, now: Instant) -> QueueDecision {
    runs.end(instance)
    sequences?.runEnded(on: instance, now: now)
    lastRunEnded = now
    var decision = QueueDecision()
    startNext(now: now, &decision)
    decision.isDrained = isDrained
    return decision
  }

  /// An instance is given up: what it runs fails elsewhere, and it takes nothing again until
  /// `instanceBecameFree`, which a successor of the same number calls.
  package mutating func abandon(_ instance: Int) -> [Ticket] {
    let lost = runs.abandon(instance).filter { book.holds($0) }
    for ticket in lost { forget(book[ticket]) }
    return lost
  }

  // MARK: A request leaves, time passes

  /// The client went away, or is of no use. Fails the request if it waits or runs; does nothing
  /// otherwise.
  package mutating func cancel(
    _ ticket: Ticket, because reason: QueueFailure = .cancelled, now: Instant
  ) -> QueueDecision {
    var decision = QueueDecision()
    if book.holds(ticket) { end(ticket, reason, &decision) }
    // A place may have become free, for which no run's end will call.
    if sequences != nil { startNext(now: now, &decision) }
    decision.isDrained = isDrained
    return decision
  }

  /// Fails what is late by now, waiting or running, and starts the batch that has waited enough.
  package mutating func timePassed(now: Instant) -> QueueDecision {
    var decision = QueueDecision()
    for ticket in runs.tickets(lateBy: now, in: book) { end(ticket, .deadlinePassed, &decision) }
    expire(now: now, &decision)
    sequences?.expireIdle(now: now)
    startNext(now: now, &decision)
    decision.isDrained = isDrained
    return decision
  }

  /// When `timePassed` has something to do next.
  package var nextWake: Instant? {
    let next = min(
      lines.earliestEnd, runs.earliestDeadline, batchReadyAt ?? .distantFuture,
      sequences?.idleEndsAt ?? .distantFuture)
    return next == .distantFuture ? nil : next
  }

  private mutating func expire(now: Instant, _ decision: inout QueueDecision) {
    for ticket in lines.takeEnded(by: now, in: book) where book.holds(ticket) {
      let page = book[ticket]
      let policy = lines.levels[page.level].policy
      if page.request.deadline <= now {
        end(ticket, .deadlinePassed, &decision)
      } else if policy.timeoutAction == .delay {
        lines.remove(page)
        book[ticket].isDelayed = true
        lines.insert(book[ticket])
      } else {
        end(ticket, .waitedTooLong(nanoseconds: policy.timeout(of: page.request)), &decision)
      }
    }
  }

  private mutating func end(
    _ ticket: Ticket, _ reason: QueueFailure, _ decision: inout QueueDecision
  ) {
    decision.fail.append((ticket, reason))
    decision.stop += forget(book[ticket])
    guard sequences != nil, let owner = sequences?.owner(of: ticket) else { return }
    for orphan in sequences?.lost(ticket) ?? [] where book.holds(orphan) {
      decision.fail.append((orphan, .sequenceNotStarted(owner)))
      forget(book[orphan])
    }
  }

  /// Strikes a request out of everything; answers the runs for which nobody waits any more.
  @discardableResult
  private mutating func forget(_ page: RequestBook.Page) -> [RunMark] {
    if page.isWaiting {
      lines.remove(page)
      accounts.leave(page.request.caller)
    }
    book.remove(page.request.ticket)
    return page.rowsStarted > page.rowsEnded ? runs.withdraw(page.request.ticket) : []
  }

  // MARK: The end

  /// Takes nothing new; what waits and runs is still answered.
  package mutating func beginDraining(now: Instant) -> QueueDecision {
    isDraining = true
    sequences?.beginDraining()
    var decision = QueueDecision()
    // Nobody will come for whom a batch could wait.
    startNext(now: now, &decision)
    decision.isDrained = isDrained
    return decision
  }

  /// Gives up what still waits, because the time for draining is over.
  package mutating func failWaiting() -> QueueDecision { failWaiting(.draining) }

  /// Gives up the model: what waits fails with the reason, and so does what comes.
  package mutating func giveUp(reason: String) -> QueueDecision {
    givenUp = reason
    return failWaiting(.givenUp(reason: reason))
  }

  private mutating func failWaiting(_ reason: QueueFailure) -> QueueDecision {
    var decision = QueueDecision()
    var cursor = WaitingLines.Cursor()
    var waiting: [Ticket] = []
    while let ticket = lines.next(&cursor) { waiting.append(ticket) }
    // The last of a sequence first, so that none takes others with it: each fails for this reason.
    if sequences != nil { waiting.sort(by: >) }
    for ticket in waiting { end(ticket, reason, &decision) }
    batchReadyAt = nil
    decision.isDrained = isDrained
    return decision
  }

  private var isDrained: Bool {
    isDraining && book.isEmpty && !runs.isAnyBusy && inlineRunCount == 0
  }

  // MARK: Starting

  /// Starts one batch, if an instance is free and a batch is ready.
  mutating func startNext(now: Instant, _ decision: inout QueueDecision) {
    batchReadyAt = nil
    guard runs.hasIdleInstance, !lines.isEmpty else { return }
    expire(now: now, &decision)
    if sequences != nil { return startSequences(now: now, &decision) }
    let gathering = BatchComposer.Gathering(
      lastRunEnded: lastRunEnded, awaitedReturn: tuner?.awaitedReturn(now: now),
      isHurried: isDraining)
    switch composer.compose(lines, book, now: now, gathering) {
    case .run(let shares):
      for share in shares { takeFromLine(share) }
      start(shares, &decision)
      decision.mayStartMore = runs.hasIdleInstance && !lines.isEmpty
    case .wait(let instant): batchReadyAt = instant
    case .nothing: break
    }
  }

  mutating func takeFromLine(_ share: BatchShare) {
    let page = book[share.ticket]
    accounts.started(tag: page.tag)
    lines.remove(page)
    if share.rows.upperBound < page.request.rowCount {
      // The rest goes back behind those whose turn it is by then.
      let nanoseconds = keepsOrder ? 0 : cost.expectedNanoseconds(rowCount: share.rows.count)
      book[share.ticket].tag += nanoseconds
      book[share.ticket].rowsStarted = share.rows.upperBound
      // What has started has waited enough; only its deadline counts from here on.
      book[share.ticket].expiry = .distantFuture
      lines.insert(book[share.ticket])
    } else {
      book[share.ticket].isWaiting = false
      accounts.leave(page.request.caller)
    }
  }

  /// A request that ran goes back to its line, where nothing but its deadline can end it.
  mutating func waitAgain(_ ticket: Ticket) {
    let request = book[ticket].request
    book[ticket].expiry = .distantFuture
    book[ticket].isDelayed = false
    book[ticket].isWaiting = true
    book[ticket].tag = accounts.enter(
      request.caller, nanoseconds: cost.expectedNanoseconds(rowCount: request.rowCount))
    lines.insert(book[ticket])
  }

  private mutating func start(
    _ shares: OneOrMore<BatchShare>, _ decision: inout QueueDecision
  ) {
    for share in shares { book[share.ticket].rowsStarted = share.rows.upperBound }
    decision.run = runs.start(shares, in: book)
  }
}

extension QueuePolicy {
  /// How long that request may wait under this policy; 0 for no bound. Its own word counts where
  /// that is allowed and it is the shorter one.
  func timeout(of request: QueuedRequest) -> UInt64 {
    let own = allowsTimeoutOverride ? request.timeoutNanoseconds : 0
    if own == 0 { return timeoutNanoseconds }
    return timeoutNanoseconds == 0 ? own : min(own, timeoutNanoseconds)
  }
}
