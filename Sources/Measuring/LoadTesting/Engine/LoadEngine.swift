import Glibc
import Inference
import Serving

/// Asks what a run is to ask, or a share of it, over the connections of one pool: one thread, which
/// sleeps until something came or the next query is due.
///
/// The clock is read once for each event. In a closed loop the next query is asked over the connection
/// of the last, before anybody else's answer is looked at.
struct LoadEngine<Target: SocketTarget>: ~Copyable {
  /// Connections that an open scenario has at its beginning.
  private static var openingCount: Int { 8 }
  private static var tickNanoseconds: UInt64 { 100_000_000 }

  /// A query on its way.
  private struct Place {
    var query: LoadQuery
    var issued: Instant
    /// Samples that have no answer yet.
    var restCount: Int
    var problem: CallProblem?
  }

  private let load: RunningLoad
  private let target: Target
  /// Queries at once, of a closed scenario; of an open one the most.
  private let concurrency: Int
  private let isOpen: Bool
  private let samplesPerQuery: Int
  private var pool: ConnectionPool<Target>
  private var places: [Place] = []
  private var vacantPlaces: [Int] = []
  private var due = DueQueue()
  /// The state gives no further query.
  private var isOver = false
  private var checked: Instant = .never

  /// - Parameter concurrency: its share of the run's.
  init(_ load: RunningLoad, _ target: Target, concurrency: Int) throws(CallProblem) {
    self.load = load
    self.target = target
    self.concurrency = concurrency
    isOpen = load.plan.scenario.isOpen
    samplesPerQuery = load.plan.scenario.samplesPerQuery
    pool = try ConnectionPool(target, answers: load.answers)
  }

  private var queryCount: Int { places.count - vacantPlaces.count }

  /// Drives its share to the end. Blocks.
  mutating func run() {
    connect()
    let began = load.waitForBeginning()
    let processor = Self.processorNanoseconds()
    let traffic = pool.traffic
    pool.readClock()
    if isOpen {
      take(freeSince: began)
    } else {
      for _ in 0..<concurrency { take(freeSince: began) }
    }
    pool.flush()
    while !isOver || queryCount > 0 || due.count > 0, !isLeftBehind { step() }
    let spent = Self.processorNanoseconds() - processor
    let travelled = pool.traffic.since(traffic)
    load.shared.withValue {
      $0.processorNanoseconds = ($0.processorNanoseconds ?? 0) + spent
      $0.traffic = ($0.traffic ?? NetworkTraffic()) + travelled
    }
  }

  /// Opens the connections that the beginning needs; what fails here fails again, and counts, when it
  /// is asked.
  private mutating func connect() {
    let queryCount = isOpen ? min(Self.openingCount, concurrency) : concurrency
    pool.open(forCalls: queryCount * samplesPerQuery)
    while pool.isConnecting {
      handleEvents(pool.wait(nanoseconds: Self.tickNanoseconds))
      pool.expire()
      if load.shared.withValue({ $0.state.end == .interrupted }) { return }
    }
  }

  // MARK: The loop

  private mutating func step() {
    handleEvents(pool.wait(nanoseconds: nanosecondsToSleep))
    beginDue()
    guard pool.now.nanoseconds(since: checked) > Self.tickNanoseconds || checked == .never else {
      return
    }
    checked = pool.now
    pool.expire()
    finishCalls(over: nil)
    pool.flush()
    noticeInterrupt()
  }

  /// 0 in the last moments before a query is due, which are spent looking.
  private var nanosecondsToSleep: UInt64 {
    guard let first = due.firstDue, !isAtLimit else { return Self.tickNanoseconds }
    let left = first.nanoseconds(since: pool.now)
    guard left > RunningLoad.oversleepNanoseconds else { return 0 }
    return min(left - RunningLoad.oversleepNanoseconds, Self.tickNanoseconds)
  }

  private mutating func handleEvents(_ count: Int) {
    for index in 0..<count {
      let link = pool.handle(index)
      finishCalls(over: link)
      if let link { pool.settle(link) }
      pool.flush()
      // What could not be sent has ended, too.
      finishCalls(over: nil)
    }
    if count == 0, due.count > 0 { sched_yield() }
  }

  // MARK: Queries

  /// As many queries are on their way as may be.
  private var isAtLimit: Bool { queryCount >= concurrency }

  /// Takes the next query: asks it where it is due, else when it is.
  private mutating func take(freeSince free: Instant, over link: Int? = nil) {
    guard let query = load.shared.withValue({ $0.state.take(freeSince: free) }) else {
      return isOver = true
    }
    put(query, over: link)
  }

  private mutating func put(_ query: LoadQuery, over link: Int?) {
    if query.due <= pool.now, !isOpen { ask(query, over: link) } else { due.add(query) }
  }

  private mutating func beginDue() {
    guard let first = due.firstDue, first <= pool.now else { return }
    while let first = due.firstDue, first <= pool.now {
      guard !isAtLimit else {
        load.shared.withValue { $0.wasShortOfCallers = true }
        break
      }
      guard let query = due.removeFirst() else { break }
      ask(query, over: nil)
      if isOpen { take(freeSince: query.due) }
    }
    // One more than are needed, so that the next query need not wait for its connection.
    if isOpen, pool.isFull, !pool.isConnecting, !isAtLimit {
      pool.open(forCalls: pool.callCount + 1)
    }
    pool.flush()
    finishCalls(over: nil)
  }

  private mutating func ask(_ query: LoadQuery, over link: Int?) {
    let place = vacantPlaces.popLast() ?? places.count
    let begun = Place(query: query, issued: .never, restCount: query.samples.count)
    if place == places.count { places.append(begun) } else { places[place] = begun }
    for sample in query.samples { pool.ask(sample, place: place, preferred: link) }
  }

  /// Ends queries all of whose calls have ended, and asks the next ones.
  private mutating func finishCalls(over link: Int?) {
    guard !pool.finished.isEmpty else { return }
    var index = 0
    // A call may fail while the next is asked; then there are more.
    while index < pool.finished.count {
      finishCall(pool.finished[index], over: link)
      index += 1
    }
    pool.clearFinished()
  }

  private mutating func finishCall(_ call: ConnectionPool<Target>.Finished, over link: Int?) {
    let index = call.place
    places[index].restCount -= 1
    places[index].issued = max(places[index].issued, call.asked)
    if let problem = call.problem, places[index].problem == nil {
      places[index].problem = problem
    }
    guard places[index].restCount == 0 else { return }
    vacantPlaces.append(index)
    finish(places[index], over: link)
  }

  private mutating func finish(_ place: Place, over link: Int?) {
    let now = pool.now
    let times = QueryTimes(due: place.query.due, issued: place.issued, ended: now)
    let isFailed = place.problem != nil
    let next = load.shared.withValue { shared -> LoadQuery? in
      shared.state.finish(place.query, times, place.problem)
      if isOpen { return nil }
      let free = isFailed ? now.advanced(byNanoseconds: RunningLoad.retryNanoseconds) : now
      return shared.state.take(freeSince: free)
    }
    if let next { put(next, over: link) } else if !isOpen { isOver = true }
  }

  // MARK: The end

  /// Queries that are not asked any more are given back, and those on their way have a last moment.
  private mutating func noticeInterrupt() {
    guard load.shared.withValue({ $0.state.end == .interrupted }) else { return }
    isOver = true
    while due.removeFirst() != nil { load.shared.withValue { $0.state.giveBack() } }
    if interrupted == .never { interrupted = pool.now }
  }

  private var interrupted: Instant = .never

  private var isLeftBehind: Bool {
    interrupted != .never
      && pool.now.nanoseconds(since: interrupted) > RunningLoad.graceNanoseconds
  }

  private static func processorNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

extension SocketTarget {
  package func drive(_ load: RunningLoad) {
    let whole = load.plan.scenario.isOpen ? LoadPlan.callersMax : load.plan.concurrency
    let threadCount = min(load.threadCount, whole)
    for number in 0..<threadCount {
      let share = whole / threadCount + (number < whole % threadCount ? 1 : 0)
      load.startDriver("bench:engine") { drive(load, share) }
    }
  }

  private func drive(_ load: RunningLoad, _ concurrency: Int) {
    do throws(CallProblem) {
      var engine = try LoadEngine(load, self, concurrency: concurrency)
      engine.run()
    } catch {
      fail(load, error)
    }
  }

  /// The server's name is gone since it was asked last: one query fails for it.
  private func fail(_ load: RunningLoad, _ problem: CallProblem) {
    let began = load.waitForBeginning()
    load.shared.withValue { shared in
      guard let query = shared.state.take(freeSince: began) else { return }
      let now = MonotonicClock.now()
      shared.state.finish(query, QueryTimes(due: query.due, issued: now, ended: now), problem)
      shared.state.interrupt()
    }
  }
}
