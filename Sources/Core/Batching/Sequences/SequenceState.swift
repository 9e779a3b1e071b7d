package import Inference

/// Which requests of which sequences may run next, and in which place.
///
/// A plain value beside the queue, which keeps the requests themselves. A sequence has one line, in
/// the order of arrival, and never more than its first request runs. To run, it needs a place: a slot
/// of one instance, which it keeps until it is over; while all places are taken, sequences with
/// requests wait for one in the order in which they came to need it.
///
///     START ──> waits for a place ──> has a place ──> over: its END has run, nobody asked for too
///                      ^                   │          long, or its START was lost
///                      └── a new START behind an END ──┘
///
/// Where sequences are iterative, each is one request, which comes back to the line of its place as long
/// as its runs ask for it; it then waits behind all that came before, so that the sequences of an
/// instance take turns however many there are.
package struct SequenceState: Sendable {
  /// One slot of one instance.
  struct Place: Sendable, Hashable {
    let instance: Int
    let slot: Int
  }

  private struct Sequence: Sendable {
    /// Requests that have not started, in their order.
    var waiting: ArraySlice<SequenceRequest> = []
    var running: SequenceRequest?
    var place: Place?
    /// Takes requests that are not a START.
    var isOpen = true
    /// When a request last came or ended.
    var lastSeen: Instant
    /// What the model gave for the next request; empty at the beginning.
    var states: [Tensor] = []

    var isIdle: Bool { waiting.isEmpty && running == nil }
  }

  private let policy: SequencePolicy
  private let composer: SequenceComposer
  private let slotsMax: Int
  private var sequences: [SequenceMark.ID: Sequence] = [:]
  /// Of requests that wait or run.
  private var owners: [Ticket: SequenceMark.ID] = [:]
  /// Who has each slot of each instance; grows up to `slotsMax`.
  private var slots: [[SequenceMark.ID?]]
  private var takenCounts: [Int]
  /// Slots of each instance whose sequence has a request to run and runs none.
  private var ready: [Set<Int>]
  private var runningSlots: [[Int]]
  /// Sequences with requests and without a place.
  private var backlog: ArraySlice<SequenceMark.ID> = []
  /// No sequence is idle for too long before this; may be earlier than need be.
  private(set) var idleEndsAt = Instant.distantFuture
  private var isDraining = false
  private var arrivalCount: UInt64 = 0

  /// - Parameter rowsMax: most rows of a run; 1 where sequences cannot be joined.
  package init(policy: SequencePolicy, rowsMax: Int, instanceCount: Int) {
    self.policy = policy
    slotsMax = policy.slotsMax(rowsMax: rowsMax)
    composer = SequenceComposer(strategy: policy.strategy, rowsMax: rowsMax, slotsMax: slotsMax)
    slots = Array(repeating: [], count: instanceCount)
    takenCounts = Array(repeating: 0, count: instanceCount)
    ready = Array(repeating: [], count: instanceCount)
    runningSlots = Array(repeating: [], count: instanceCount)
  }

  /// Sequences that are not over.
  package var count: Int { sequences.count }

  // MARK: Requests come and go

  /// Whether a request may come now: it starts its sequence, or its sequence is under way.
  mutating func takes(_ mark: SequenceMark, now: Instant) -> Bool {
    expireIdle(now: now)
    return mark.isStart || sequences[mark.id]?.isOpen == true
  }

  /// A request takes its place behind those of its sequence; only where `takes` says so.
  mutating func enter(_ request: QueuedRequest, _ mark: SequenceMark, now: Instant) {
    var sequence = sequences.removeValue(forKey: mark.id) ?? Sequence(lastSeen: now)
    let wasWaiting = !sequence.waiting.isEmpty
    arrivalCount += 1
    sequence.waiting.append(
      SequenceRequest(
        ticket: request.ticket, key: request.key, admitted: now, arrival: arrivalCount,
        isStart: mark.isStart, isEnd: mark.isEnd))
    sequence.isOpen = !mark.isEnd && !isDraining
    sequence.lastSeen = now
    owners[request.ticket] = mark.id
    if let place = sequence.place {
      if sequence.running == nil { ready[place.instance].insert(place.slot) }
    } else if !wasWaiting {
      backlog.append(mark.id)
    }
    sequences[mark.id] = sequence
    fillPlaces()
  }

  /// The sequence of a request that waits or runs.
  func owner(of ticket: Ticket) -> SequenceMark.ID? { owners[ticket] }

  /// A request ended without having run; answers those behind it that cannot run without it.
  ///
  /// The others keep their order. A START takes all with it that relied on it, and an END that is
  /// lost ends its sequence all the same.
  mutating func lost(_ ticket: Ticket) -> [Ticket] {
    guard let id = owners[ticket], var sequence = sequences[id],
      let index = sequence.waiting.firstIndex(where: { $0.ticket == ticket })
    else { return [] }
    owners[ticket] = nil
    let request = sequence.waiting.remove(at: index)
    var orphans: [Ticket] = []
    if request.isStart {
      let behind = sequence.waiting[index...]
      let next = behind.firstIndex(where: \.isStart)
      orphans = sequence.waiting[index..<(next ?? behind.endIndex)].map(\.ticket)
      sequence.waiting.removeSubrange(index..<(next ?? behind.endIndex))
      if next == nil { sequence.isOpen = false }
    }
    for orphan in orphans { owners[orphan] = nil }
    sequences[id] = sequence
    if sequence.waiting.isEmpty { ranDry(id) }
    fillPlaces()
    return orphans
  }

  /// Nothing of a sequence waits any more.
  private mutating func ranDry(_ id: SequenceMark.ID) {
    guard let sequence = sequences[id] else { return }
    if let place = sequence.place {
      ready[place.instance].remove(place.slot)
    } else {
      backlog.removeAll { $0 == id }
    }
    rest(id)
  }

  /// A sequence has nothing to do: it is over, or waits for its next request for as long as it may.
  private mutating func rest(_ id: SequenceMark.ID) {
    guard let sequence = sequences[id], sequence.isIdle else { return }
    if sequence.isOpen {
      idleEndsAt = min(idleEndsAt, idleEnd(of: sequence))
    } else {
      remove(id)
    }
  }

  private mutating func remove(_ id: SequenceMark.ID) {
    guard let sequence = sequences.removeValue(forKey: id) else { return }
    if let place = sequence.place { leave(place) }
  }

  // MARK: Places

  private mutating func leave(_ place: Place) {
    slots[place.instance][place.slot] = nil
    takenCounts[place.instance] -= 1
    ready[place.instance].remove(place.slot)
  }

  private mutating func fillPlaces() {
    while let id = backlog.first, let place = freePlace() {
      backlog.removeFirst()
      slots[place.instance][place.slot] = id
      takenCounts[place.instance] += 1
      sequences[id]?.place = place
      ready[place.instance].insert(place.slot)
    }
  }

  /// The lowest slot of the instance that has most of them free.
  private mutating func freePlace() -> Place? {
    guard let instance = takenCounts.indices.min(by: { takenCounts[$0] < takenCounts[$1] }),
      takenCounts[instance] < slotsMax
    else { return nil }
    if let slot = slots[instance].firstIndex(of: nil) {
      return Place(instance: instance, slot: slot)
    }
    slots[instance].append(nil)
    return Place(instance: instance, slot: slots[instance].count - 1)
  }

  // MARK: Runs

  /// What that instance, which is free, is to run.
  ///
  /// - Parameter isHurried: nothing more will come, so that no delay is worth it.
  func compose(on instance: Int, now: Instant, isHurried: Bool) -> SequenceComposer.Composition {
    let fronts = ready[instance].compactMap { slot -> SequenceComposer.Front? in
      guard let id = slots[instance][slot], let request = sequences[id]?.waiting.first else {
        return nil
      }
      return SequenceComposer.Front(slot: slot, request: request)
    }
    return composer.compose(fronts, now: now, isHurried: isHurried)
  }

  /// These requests, each the first of its sequence, start on that instance.
  mutating func start(_ tickets: OneOrMore<Ticket>, on instance: Int) {
    for ticket in tickets {
      guard let id = owners[ticket], var sequence = sequences.removeValue(forKey: id),
        let place = sequence.place, place.instance == instance, sequence.running == nil,
        let request = sequence.waiting.popFirst(), request.ticket == ticket
      else { preconditionFailure("\(ticket) is not the next of a sequence on \(instance)") }
      if request.isStart { sequence.states = [] }
      sequence.running = request
      sequences[id] = sequence
      ready[instance].remove(place.slot)
      runningSlots[instance].append(place.slot)
    }
  }

  /// What the model is told beside a request that was just started.
  package func turn(of ticket: Ticket) -> SequenceTurn? {
    guard let id = owners[ticket], let sequence = sequences[id], let place = sequence.place,
      let request = sequence.running, request.ticket == ticket
    else { return nil }
    return SequenceTurn(
      id: id, slot: place.slot, isStart: request.isStart,
      isEnd: request.isEnd && !policy.isIterative,
      states: sequence.states)
  }

  /// The model gave new states for the sequence of a request that runs.
  package mutating func keep(_ states: [Tensor], of ticket: Ticket) {
    guard let id = owners[ticket], sequences[id]?.running?.ticket == ticket else { return }
    sequences[id]?.states = states
  }

  /// Whether each request is a sequence of its own.
  var isIterative: Bool { policy.isIterative }

  /// The run of a request was not its last; false where it is not running, or may run only once.
  mutating func runsAgain(_ ticket: Ticket) -> Bool {
    guard policy.isIterative, let id = owners[ticket],
      sequences[id]?.running?.ticket == ticket
    else { return false }
    sequences[id]?.running?.runsAgain = true
    return true
  }

  /// The run of an instance is over, well or not.
  mutating func runEnded(on instance: Int, now: Instant) {
    let ended = runningSlots[instance]
    runningSlots[instance] = []
    for slot in ended {
      guard let id = slots[instance][slot], let request = sequences[id]?.running else { continue }
      if request.runsAgain {
        lineUp(request, of: id, at: Place(instance: instance, slot: slot), now: now)
        continue
      }
      owners[request.ticket] = nil
      sequences[id]?.running = nil
      sequences[id]?.lastSeen = now
      turnEnded(id, request, Place(instance: instance, slot: slot))
    }
    fillPlaces()
  }

  /// A request goes back to the line of its sequence, which keeps its place.
  private mutating func lineUp(
    _ request: SequenceRequest, of id: SequenceMark.ID, at place: Place, now: Instant
  ) {
    arrivalCount += 1
    var request = request
    request.admitted = now
    request.arrival = arrivalCount
    request.isStart = false
    request.runsAgain = false
    sequences[id]?.running = nil
    sequences[id]?.lastSeen = now
    sequences[id]?.waiting = [request]
    ready[place.instance].insert(place.slot)
  }

  private mutating func turnEnded(
    _ id: SequenceMark.ID, _ request: SequenceRequest, _ place: Place
  ) {
    if sequences[id]?.waiting.isEmpty == true { return rest(id) }
    guard request.isEnd else {
      ready[place.instance].insert(place.slot)
      return
    }
    // Another sequence of the same name: it waits for its turn like any other.
    leave(place)
    sequences[id]?.place = nil
    sequences[id]?.states = []
    backlog.append(id)
  }

  // MARK: Time

  /// Forgets sequences for which nobody has asked for too long.
  mutating func expireIdle(now: Instant) {
    guard idleEndsAt <= now else { return }
    idleEndsAt = .distantFuture
    for (id, sequence) in sequences where sequence.isIdle {
      let end = idleEnd(of: sequence)
      if end <= now { remove(id) } else { idleEndsAt = min(idleEndsAt, end) }
    }
    fillPlaces()
  }

  private func idleEnd(of sequence: Sequence) -> Instant {
    sequence.lastSeen.advanced(byNanoseconds: policy.idleNanosecondsMax)
  }

  /// Nothing comes any more: sequences keep their places for what waits only.
  mutating func beginDraining() {
    isDraining = true
    for id in Array(sequences.keys) {
      sequences[id]?.isOpen = false
      rest(id)
    }
    fillPlaces()
  }
}
