import Glibc
import Inference
import Transport

/// The connections of a pool: opens them, hears what happens to them, and knows which have room for a
/// call. What is called over them is the pool's affair.
///
/// One thread's; nothing here blocks except `wait`.
struct LinkTable<Target: SocketTarget>: ~Copyable {
  private let target: Target
  private let answers: (any AnswerKeeper)?
  private let addresses: ServerAddresses
  private let epoll: Epoll
  /// By place; a place keeps its link until `vacate`.
  var links: [ServerLink<Target.Connection>] = []
  private var vacant: [Int] = []
  private var serial: UInt64 = 0
  /// Links that have had room, the next one last.
  private var listed: [Int] = []
  /// Links that are not open yet.
  private(set) var connectingCount = 0
  /// Over all sockets until now.
  private(set) var sentByteCount = 0

  /// Looks up the server's name. Blocks.
  init(_ target: Target, answers: (any AnswerKeeper)?) throws(CallProblem) {
    self.init(target, answers, try ServerAddresses(target.place), try Epoll())
  }

  private init(
    _ target: Target, _ answers: (any AnswerKeeper)?, _ addresses: ServerAddresses,
    _ epoll: consuming Epoll
  ) {
    self.target = target
    self.answers = answers
    self.addresses = addresses
    self.epoll = epoll
  }

  deinit { for var link in links { link.close() } }

  /// No connection is known to have room.
  var isFull: Bool { listed.isEmpty }

  // MARK: Room

  /// One that has room.
  ///
  /// - Parameter preferred: the first that is looked at.
  mutating func withRoom(_ preferred: Int?) -> Int? {
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

  /// Remembers a link that has room.
  mutating func list(_ link: Int) {
    guard links[link].hasRoom, !links[link].isListed else { return }
    links[link].isListed = true
    listed.append(link)
  }

  // MARK: Opening

  /// Opens as many connections as so many calls need; why that is not possible, where it is not.
  mutating func open(forCalls callCount: Int, _ now: Instant) -> CallProblem? {
    var missing = target.connectionCount(forCalls: callCount)
    // One that only ends what it has is none of them.
    for link in links.indices where links[link].isUseful { missing -= 1 }
    while missing > 0 {
      if let problem = open(addressIndex: 0, now) { return problem }
      missing -= 1
    }
    return nil
  }

  private mutating func open(addressIndex: Int, _ now: Instant) -> CallProblem? {
    var last: CallProblem?
    for index in addressIndex..<addresses.count {
      do throws(CallProblem) {
        add(try addresses.open(index), addressIndex: index, now)
        return nil
      } catch {
        last = error
      }
    }
    return last
  }

  private mutating func add(_ socket: Int32, addressIndex: Int, _ now: Instant) {
    serial += 1
    let index = vacant.popLast() ?? links.count
    let link = ServerLink(
      target.makeConnection(answers: answers), socket: socket,
      mark: serial << 32 | UInt64(index), addressIndex: addressIndex, opened: now)
    if index == links.count { links.append(link) } else { links[index] = link }
    connectingCount += 1
    epoll.add(socket, mark: link.mark, forRoom: true)
  }

  /// A socket is connected, or is not going to be: then the next address is tried, and where there is
  /// none the reason is given.
  mutating func finishConnecting(_ link: Int, _ now: Instant) -> CallProblem? {
    var number: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(links[link].socket, SOL_SOCKET, SO_ERROR, &number, &size)
    guard number == 0 else {
      let next = links[link].addressIndex + 1
      vacate(link)
      return next < addresses.count ? open(addressIndex: next, now) : addresses.problem(number)
    }
    epoll.change(links[link].socket, mark: links[link].mark, forRoom: false)
    do throws(TLSClientSession.Problem) {
      try links[link].begin(target.place)
      if links[link].phase == .open { connectingCount -= 1 }
      return nil
    } catch {
      vacate(link)
      return CallProblem(error)
    }
  }

  /// Takes bytes that came over a link; `ended` hears of each call that ended.
  mutating func receive(
    _ bytes: UnsafeRawBufferPointer, over link: Int, _ ended: (EndedCall) -> Void
  ) throws(CallProblem) {
    let wasSecuring = links[link].phase == .securing
    do throws(TLSClientSession.Problem) {
      try links[link].receive(bytes, ended)
    } catch {
      throw CallProblem(error)
    }
    if wasSecuring, links[link].phase == .open { connectingCount -= 1 }
  }

  // MARK: What happens

  /// What happened to a link.
  struct Event {
    let link: Int
    let isReadable: Bool
    let isWritable: Bool
  }

  /// Sleeps until something happens or the time is over; how many events there are.
  mutating func wait(nanoseconds: UInt64) -> Int { epoll.wait(nanoseconds: nanoseconds) }

  /// `nil` where it was about a link that is gone.
  func event(_ index: Int) -> Event? {
    let event = epoll.event(index)
    let link = Int(event.mark & 0xFFFF_FFFF)
    guard links[link].mark == event.mark, links[link].phase != .closed else { return nil }
    return Event(link: link, isReadable: event.isReadable, isWritable: event.isWritable)
  }

  /// Sends what the link's socket takes; why it takes nothing any more, where that is so.
  mutating func flush(
    _ link: Int, _ staging: UnsafeMutableRawBufferPointer
  ) -> CallProblem? {
    let status = links[link].flush(staging, &sentByteCount)
    let isBlocked = status == EAGAIN
    if status != 0, !isBlocked { return addresses.problem(status) }
    guard isBlocked != links[link].isBlocked else { return nil }
    links[link].isBlocked = isBlocked
    epoll.change(links[link].socket, mark: links[link].mark, forRoom: isBlocked)
    return nil
  }

  func problem(_ number: Int32) -> CallProblem { addresses.problem(number) }

  // MARK: Ending

  mutating func vacate(_ link: Int) {
    if links[link].isConnecting { connectingCount -= 1 }
    links[link].close()
    if links[link].isListed { listed.removeAll { $0 == link } }
    links[link].isListed = false
    links[link].isDirty = false
    vacant.append(link)
  }

  /// Gives up connections that were begun before an instant and are not made.
  mutating func expire(before instant: Instant) {
    for link in links.indices where links[link].isConnecting && links[link].opened < instant {
      vacate(link)
    }
  }
}

extension ServerLink {
  /// It has no connection yet that could be asked.
  fileprivate var isConnecting: Bool { phase == .connecting || phase == .securing }
}

extension CallProblem {
  fileprivate init(_ problem: TLSClientSession.Problem) {
    self.init(kind: problem.distrust != nil ? "certificate" : "tls", text: problem.description)
  }
}
