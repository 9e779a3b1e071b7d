import Glibc
import Inference
import Serving
import Transport

/// The connections of one target on one thread, and the calls over them; nothing here blocks except
/// `wait`.
///
/// Calls are asked over connections that have room, and wait for one where none has; connections are
/// opened as the target says how many calls need. What has ended lies in `finished` until it is taken.
struct ConnectionPool<Target: SocketTarget>: ~Copyable {
  private static var readByteCount: Int { 256 << 10 }
  private static var stagingByteCount: Int { 64 << 10 }

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
  private let addresses: ServerAddresses
  private let epoll: Epoll
  private let buffer: UnsafeMutableRawBufferPointer
  private let staging: UnsafeMutableRawBufferPointer
  private var links: [ServerLink<Target.Connection>] = []
  private var vacantLinks: [Int] = []
  private var connectingCount = 0
  private var serial: UInt64 = 0
  /// Links that were asked and are not the one whose event is handled.
  private var unsent: [Int] = []
  /// Links that have had room, the next one last.
  private var listed: [Int] = []
  private var calls = CallTable()
  /// Tickets of calls that no connection had room for, the first one first.
  private var waiting: [Int] = []
  private var ended: [EndedCall] = []
  private(set) var finished: [Finished] = []
  /// The clock when it was last looked at.
  private(set) var now = MonotonicClock.now()

  /// Looks up the server's name. Blocks.
  init(_ target: Target, answers: (any AnswerKeeper)?) throws(CallProblem) {
    self.init(
      target, answers, try ServerAddresses(target.place), try Epoll())
  }

  private init(
    _ target: Target, _ answers: (any AnswerKeeper)?, _ addresses: ServerAddresses,
    _ epoll: consuming Epoll
  ) {
    self.target = target
    self.answers = answers
    self.addresses = addresses
    self.epoll = epoll
    buffer = .allocate(byteCount: Self.readByteCount, alignment: 64)
    staging = .allocate(byteCount: Self.stagingByteCount, alignment: 64)
  }

  deinit {
    for var link in links { link.close() }
    buffer.deallocate()
    staging.deallocate()
  }

  /// Connections that are not made yet.
  var isConnecting: Bool { connectingCount > 0 }
  /// Calls that have not ended.
  var callCount: Int { calls.openCount }
  /// No connection is known to have room.
  var isFull: Bool { listed.isEmpty }

  /// What has ended was taken.
  mutating func clearFinished() { finished.removeAll(keepingCapacity: true) }

  mutating func readClock() { now = MonotonicClock.now() }

  // MARK: Asking

  /// Asks a sample, or lets it wait for a connection; `flush` sends it.
  ///
  /// - Parameter preferred: a link that is asked where it has room.
  mutating func ask(_ sample: Int, place: Int, preferred: Int? = nil) {
    let ticket = calls.add(place: place, sample: sample, now)
    guard let link = link(preferred) else {
      waiting.append(ticket)
      return open(forCalls: calls.openCount)
    }
    if link != preferred { unsent.append(link) }
    begin(ticket, sample, over: link)
  }

  private mutating func begin(_ ticket: Int, _ sample: Int, over link: Int) {
    calls.asked(ticket, over: link, now)
    links[link].ask(sample, ticket: ticket)
  }

  /// One that has room.
  private mutating func link(_ preferred: Int?) -> Int? {
    if let preferred, links[preferred].hasRoom { return preferred }
    while let link = listed.popLast() {
      links[link].isListed = false
      guard links[link].hasRoom else { continue }
      // One that takes several calls is the next one's last choice, so that all get as many.
      if links[link].connection.freeCount > 1 {
        links[link].isListed = true
        listed.insert(link, at: 0)
      }
      return link
    }
    return nil
  }

  /// Gives a link with room the calls that wait; where there are none it waits itself.
  private mutating func offer(_ link: Int) {
    while !waiting.isEmpty, links[link].hasRoom {
      let ticket = waiting.removeFirst()
      if let call = calls[ticket] { begin(ticket, call.sample, over: link) }
    }
    if links[link].hasRoom, !links[link].isListed {
      links[link].isListed = true
      listed.append(link)
    }
  }

  // MARK: Opening

  /// Opens as many connections as so many calls need.
  mutating func open(forCalls callCount: Int) {
    var missing =
      target.connectionCount(forCalls: callCount) - (links.count - vacantLinks.count)
    while missing > 0, open(addressIndex: 0) { missing -= 1 }
  }

  /// False where that failed at once.
  private mutating func open(addressIndex: Int) -> Bool {
    var index = addressIndex
    while true {
      do throws(CallProblem) {
        add(try addresses.open(index), addressIndex: index)
        return true
      } catch {
        index += 1
        guard index == addresses.count else { continue }
        failWaiting(error)
        return false
      }
    }
  }

  private mutating func add(_ socket: Int32, addressIndex: Int) {
    serial += 1
    let index = vacantLinks.popLast() ?? links.count
    let link = ServerLink(
      target.makeConnection(answers: answers), socket: socket,
      mark: serial << 32 | UInt64(index), addressIndex: addressIndex, opened: now)
    if index == links.count { links.append(link) } else { links[index] = link }
    connectingCount += 1
    epoll.add(socket, mark: link.mark, forRoom: true)
  }

  /// A connection could not be made: of the calls that wait, those end that the others on their way
  /// have no room for.
  private mutating func failWaiting(_ problem: CallProblem) {
    while target.connectionCount(forCalls: waiting.count) > connectingCount {
      end(EndedCall(ticket: waiting.removeFirst(), problem: problem))
    }
  }

  private mutating func finishConnecting(_ link: Int) {
    var number: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(links[link].socket, SOL_SOCKET, SO_ERROR, &number, &size)
    connectingCount -= 1
    guard number == 0 else { return retryConnecting(link, addresses.problem(number)) }
    epoll.change(links[link].socket, mark: links[link].mark, forRoom: false)
    do throws(TLSClientSession.Problem) {
      try links[link].begin(target.place)
      if links[link].phase == .securing { connectingCount += 1 }
    } catch {
      vacate(link)
      failWaiting(CallProblem(error))
    }
  }

  private mutating func retryConnecting(_ link: Int, _ problem: CallProblem) {
    let next = links[link].addressIndex + 1
    vacate(link)
    if next < addresses.count { _ = open(addressIndex: next) } else { failWaiting(problem) }
  }

  // MARK: What happens

  /// Sleeps until something happens or the time is over, and looks at the clock; how many events there
  /// are to `handle`, each once.
  mutating func wait(nanoseconds: UInt64) -> Int {
    let count = epoll.wait(nanoseconds: nanoseconds)
    readClock()
    return count
  }

  /// Does what an event asks for; the link that it was about, where that still exists. `settle` ends
  /// what this begins.
  mutating func handle(_ index: Int) -> Int? {
    let event = epoll.event(index)
    let link = Int(event.mark & 0xFFFF_FFFF)
    guard links[link].mark == event.mark, links[link].phase != .closed else { return nil }
    if links[link].phase == .connecting {
      finishConnecting(link)
    } else {
      if event.isWritable { links[link].isDirty = true }
      if event.isReadable { receive(link) }
    }
    return links[link].phase == .closed ? nil : link
  }

  private mutating func receive(_ link: Int) {
    let count = recv(links[link].socket, buffer.baseAddress, buffer.count, 0)
    readClock()
    guard count > 0 else {
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      return drop(link, count == 0 ? .connectionClosed : addresses.problem(errno))
    }
    var told: [EndedCall] = []
    swap(&told, &ended)
    let wasSecuring = links[link].phase == .securing
    var broken: CallProblem?
    do throws(TLSClientSession.Problem) {
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      try links[link].receive(bytes) { told.append($0) }
    } catch {
      broken = CallProblem(error)
    }
    if wasSecuring, links[link].phase == .open { connectingCount -= 1 }
    for each in told { end(each) }
    told.removeAll(keepingCapacity: true)
    swap(&told, &ended)
    if let broken { drop(link, broken) }
  }

  /// After an event's calls were taken: sends what is to be sent over the link, and lets it wait for
  /// further calls.
  mutating func settle(_ link: Int) {
    guard links[link].phase != .closed else { return }
    if links[link].isSpent {
      vacate(link)
      return openForWaiting()
    }
    offer(link)
    if links[link].isDirty { flush(link) }
  }

  /// Sends what was asked over other links than the one whose event is handled.
  mutating func flush() {
    while let link = unsent.popLast() {
      if links[link].isDirty { flush(link) }
    }
  }

  private mutating func flush(_ link: Int) {
    let status = links[link].flush(staging)
    let isBlocked = status == EAGAIN
    if status != 0, !isBlocked { return drop(link, addresses.problem(status)) }
    guard isBlocked != links[link].isBlocked else { return }
    links[link].isBlocked = isBlocked
    epoll.change(links[link].socket, mark: links[link].mark, forRoom: isBlocked)
  }

  // MARK: Ending

  private mutating func end(_ call: EndedCall) {
    guard let removed = calls.remove(call.ticket) else { return }
    if let link = removed.link { links[link].callCount -= 1 }
    if call.problem == nil, let answer = call.answer {
      answers?.keep(.body(answer), of: removed.sample)
    }
    finished.append(
      Finished(
        place: removed.place, asked: removed.asked, problem: call.problem, answer: call.answer))
  }

  /// The link is of no use any more: its calls end with that problem, and those that waited for it.
  private mutating func drop(_ link: Int, _ problem: CallProblem) {
    let wasSecuring = links[link].phase == .securing
    var told: [EndedCall] = []
    links[link].connection.close(problem) { told.append($0) }
    for each in told { end(each) }
    if wasSecuring { connectingCount -= 1 }
    vacate(link)
    if wasSecuring { failWaiting(problem) } else { openForWaiting() }
  }

  private mutating func vacate(_ link: Int) {
    links[link].close()
    if links[link].isListed { listed.removeAll { $0 == link } }
    links[link].isListed = false
    links[link].isDirty = false
    vacantLinks.append(link)
  }

  /// Calls that waited for a link that has gone need another.
  private mutating func openForWaiting() {
    if !waiting.isEmpty { open(forCalls: calls.openCount) }
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
      links[link].isRetiring = true
      if links[link].isSpent { vacate(link) }
    }
    for link in links.indices where links[link].isConnecting && links[link].opened < instant {
      connectingCount -= 1
      vacate(link)
    }
    openForWaiting()
  }
}

extension ServerLink {
  /// It has no connection yet that could be asked.
  fileprivate var isConnecting: Bool { phase == .connecting || phase == .securing }
}

extension CallProblem {
  fileprivate init(_ problem: TLSClientSession.Problem) {
    self.init(kind: problem.isDistrust ? "certificate" : "tls", text: problem.description)
  }
}
