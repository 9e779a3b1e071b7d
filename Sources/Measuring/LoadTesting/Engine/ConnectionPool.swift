import Glibc
import Inference
import Serving

/// The calls of one target on one thread, over as many connections as they need; nothing here blocks
/// except `wait`.
///
/// Calls are asked over connections that have room, and wait for one where none has; connections are
/// opened as the target says how many calls need. What has ended lies in `finished` until it is taken.
struct ConnectionPool<Target: SocketTarget>: ~Copyable {
  private static var readByteCount: Int { 256 << 10 }
  private static var stagingByteCount: Int { 64 << 10 }
  /// Connections that may end without having taken a call before it counts as failed.
  private static var untakenMax: Int { 3 }

  /// A call that has ended.
  struct Finished {
    /// Who asked.
    let place: Int
    let asked: Instant
    let problem: CallProblem?
    let answer: [UInt8]?
  }

  private let target: Target
  private let answers: (any AnswerKeeper)?
  private let buffer: UnsafeMutableRawBufferPointer
  private let staging: UnsafeMutableRawBufferPointer
  private var table: LinkTable<Target>
  /// Links that were asked and are not the one whose event is handled.
  private var unsent: [Int] = []
  private var calls = CallTable()
  /// Tickets of calls that no connection had room for, the first one first.
  private var waiting: [Int] = []
  private var ended: [EndedCall] = []
  private(set) var finished: [Finished] = []
  /// The clock when it was last looked at.
  private(set) var now = MonotonicClock.now()
  private var receivedByteCount = 0

  /// Looks up the server's name. Blocks.
  init(_ target: Target, answers: (any AnswerKeeper)?) throws(CallProblem) {
    self.init(target, answers, try LinkTable(target, answers: answers))
  }

  private init(
    _ target: Target, _ answers: (any AnswerKeeper)?, _ table: consuming LinkTable<Target>
  ) {
    self.target = target
    self.answers = answers
    self.table = table
    buffer = .allocate(byteCount: Self.readByteCount, alignment: 64)
    staging = .allocate(byteCount: Self.stagingByteCount, alignment: 64)
  }

  deinit {
    buffer.deallocate()
    staging.deallocate()
  }

  /// Connections that are not made yet.
  var isConnecting: Bool { table.connectingCount > 0 }
  /// Calls that have not ended.
  var callCount: Int { calls.openCount }
  /// No connection is known to have room.
  var isFull: Bool { table.isFull }
  /// What travelled over all sockets until now.
  var traffic: NetworkTraffic {
    NetworkTraffic(sent: table.sentByteCount, received: receivedByteCount)
  }

  /// What has ended was taken.
  mutating func clearFinished() { finished.removeAll(keepingCapacity: true) }

  mutating func readClock() { now = MonotonicClock.now() }

  // MARK: Asking

  /// Asks a sample, or lets it wait for a connection; `flush` sends it.
  ///
  /// - Parameter preferred: a link that is asked where it has room.
  mutating func ask(_ sample: Int, place: Int, preferred: Int? = nil) {
    let ticket = calls.add(place: place, sample: sample, now)
    guard let link = table.withRoom(preferred) else {
      waiting.append(ticket)
      return open(forCalls: calls.openCount)
    }
    if link != preferred { unsent.append(link) }
    begin(ticket, sample, over: link)
  }

  private mutating func begin(_ ticket: Int, _ sample: Int, over link: Int) {
    calls.asked(ticket, over: link, now)
    table.links[link].ask(sample, ticket: ticket)
  }

  /// Gives a link with room the calls that wait; where there are none it waits itself.
  private mutating func offer(_ link: Int) {
    while !waiting.isEmpty, table.links[link].hasRoom {
      let ticket = waiting.removeFirst()
      if let call = calls[ticket] { begin(ticket, call.sample, over: link) }
    }
    table.list(link)
  }

  /// Opens as many connections as so many calls need.
  mutating func open(forCalls callCount: Int) {
    if let problem = table.open(forCalls: callCount, now) { failWaiting(problem) }
  }

  /// Calls that waited for a link that has gone need another.
  private mutating func openForWaiting() {
    if !waiting.isEmpty { open(forCalls: calls.openCount) }
  }

  /// A connection could not be made: of the calls that wait, those end that the others on their way
  /// have no room for.
  private mutating func failWaiting(_ problem: CallProblem) {
    while target.connectionCount(forCalls: waiting.count) > table.connectingCount {
      end(EndedCall(ticket: waiting.removeFirst(), problem: problem))
    }
  }

  // MARK: What happens

  /// Sleeps until something happens or the time is over, and looks at the clock; how many events there
  /// are to `handle`, each once.
  mutating func wait(nanoseconds: UInt64) -> Int {
    let count = table.wait(nanoseconds: nanoseconds)
    readClock()
    return count
  }

  /// Does what an event asks for; the link that it was about, where that still exists. `settle` ends
  /// what this begins.
  mutating func handle(_ index: Int) -> Int? {
    guard let event = table.event(index) else { return nil }
    let link = event.link
    if table.links[link].phase == .connecting {
      if let problem = table.finishConnecting(link, now) { failWaiting(problem) }
    } else {
      if event.isWritable { table.links[link].isDirty = true }
      if event.isReadable { receive(link) }
    }
    return table.links[link].phase == .closed ? nil : link
  }

  private mutating func receive(_ link: Int) {
    let count = recv(table.links[link].socket, buffer.baseAddress, buffer.count, 0)
    readClock()
    guard count > 0 else {
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      return drop(link, count == 0 ? .connectionClosed : table.problem(errno))
    }
    receivedByteCount += count
    var told: [EndedCall] = []
    swap(&told, &ended)
    var broken: CallProblem?
    do throws(CallProblem) {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try table.receive(bytes, over: link) { told.append($0) }
    } catch {
      broken = error
    }
    for each in told { end(each) }
    told.removeAll(keepingCapacity: true)
    swap(&told, &ended)
    if let broken { drop(link, broken) }
  }

  /// After an event's calls were taken: sends what is to be sent over the link, and lets it wait for
  /// further calls.
  mutating func settle(_ link: Int) {
    guard table.links[link].phase != .closed else { return }
    if table.links[link].isSpent {
      table.vacate(link)
      return openForWaiting()
    }
    offer(link)
    if table.links[link].isDirty { flush(link) }
    // Calls that were not taken wait for another connection than this one.
    openForWaiting()
  }

  /// Sends what was asked over other links than the one whose event is handled.
  mutating func flush() {
    while let link = unsent.popLast() {
      if table.links[link].isDirty { flush(link) }
    }
  }

  private mutating func flush(_ link: Int) {
    if let problem = table.flush(link, staging) { drop(link, problem) }
  }

  // MARK: Ending

  private mutating func end(_ call: EndedCall) {
    if call.isUntaken, let link = calls[call.ticket]?.link,
      calls.returned(call.ticket, atMost: Self.untakenMax)
    {
      table.links[link].callCount -= 1
      return waiting.append(call.ticket)
    }
    guard let removed = calls.remove(call.ticket) else { return }
    if let link = removed.link { table.links[link].callCount -= 1 }
    if call.problem == nil, let answer = call.answer {
      answers?.keep(.body(answer), of: removed.sample)
    }
    finished.append(
      Finished(
        place: removed.place, asked: removed.asked, problem: call.problem, answer: call.answer))
  }

  /// The link is of no use any more: its calls end with that problem, and those that waited for it.
  private mutating func drop(_ link: Int, _ problem: CallProblem) {
    let wasSecuring = table.links[link].phase == .securing
    var told: [EndedCall] = []
    table.links[link].connection.close(problem) { told.append($0) }
    for each in told { end(each) }
    table.vacate(link)
    if wasSecuring { failWaiting(problem) } else { openForWaiting() }
  }

  /// Ends calls that have waited for too long, and connections that are not made.
  mutating func expire() {
    let limit = CallProblem.timeoutSeconds * 1_000_000_000
    guard now.nanoseconds > limit else { return }
    let instant = Instant(nanoseconds: now.nanoseconds - limit)
    for ticket in calls.tickets(before: instant) {
      let link = calls[ticket]?.link
      if link == nil { waiting.removeAll { $0 == ticket } }
      end(EndedCall(ticket: ticket, problem: .timeout))
      guard let link else { continue }
      table.links[link].isRetiring = true
      if table.links[link].isSpent { table.vacate(link) }
    }
    table.expire(before: instant)
    openForWaiting()
  }
}
