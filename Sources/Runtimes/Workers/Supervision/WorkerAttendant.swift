import CWorkers
import Glibc
import Inference

/// What a worker's thread does: waits for its process, its words and its answers, and acts on them.
///
/// Used by that one thread alone.
final class WorkerAttendant {
  private let worker: Worker
  private let plan: WorkerPlan
  private var process: WorkerProcess?
  /// Of the process: what bounds it, and where it writes.
  private var group: ControlGroup?
  private var folder: TemporaryFolder?
  private var link: WorkerLink?
  private var words = LastWords()
  private var lines = LineAllowance()
  private let buffer = UnsafeMutableRawBufferPointer.allocate(
    byteCount: MessageKind.messageBytesMax, alignment: 64)
  private let coreCount = sysconf(Int32(_SC_NPROCESSORS_ONLN))

  /// How often a worker is looked at that says nothing, so that a run over its time is found.
  private static let lookMilliseconds: Int32 = 500
  /// Answers that come faster than this are spun for.
  private static let spinNanosecondsMax: UInt64 = 100_000
  private static let messagesAtOnceMax = 64

  init(_ worker: Worker) {
    self.worker = worker
    plan = worker.plan
  }

  deinit { buffer.deallocate() }

  func attend() {
    while true {
      carryOut(worker.decide { $0.timePassed(now: Clock.now()) })
      if worker.isOver {
        if let process {
          process.kill()
          if worker.isLeft { leave(process) } else { bury(process) }
        }
        return
      }
      wait()
    }
  }

  private func carryOut(_ decision: WorkerDecision) {
    if decision.kills { process?.kill() }
    worker.act(decision)
    if decision.starts { start() }
  }

  // MARK: Birth and death

  private func start() {
    do throws(RuntimeFault) {
      let process = try WorkerProcess.start(plan.launched(in: try makeFolder()))
      self.process = process
      let bounds = bind(process)
      words = LastWords()
      let link = WorkerLink(socket: process.socket, answerBytesMax: plan.answerBytesMax)
      self.link = link
      worker.connect(link, to: process.number)
      plan.observe(
        .started(instance: worker.instance, process: process.number, bounds: bounds))
      try link.greet(plan.greeting(worker.instance))
    } catch {
      if process == nil {
        folder = nil
        worker.tell(.failure(error))
        carryOut(worker.decide { $0.ended(error, now: Clock.now()) })
      } else {
        carryOut(worker.decide { $0.broke(error.message) })
      }
    }
  }

  /// A folder of the process's own; one that must have it does not start without.
  private func makeFolder() throws(RuntimeFault) -> TemporaryFolder? {
    do throws(RuntimeFault) {
      folder = try plan.temporaryVariables.isEmpty ? nil : TemporaryFolder(of: plan.modelName)
    } catch {
      folder = nil
      if plan.isReadOnly { throw error }
    }
    return folder
  }

  /// Puts the process into a group of its own, where there may be one; answers with what bounds it.
  private func bind(_ process: WorkerProcess) -> String {
    group = plan.groupLimits.kinds.isEmpty ? nil : ControlGroup(plan.groupLimits)
    guard let made = group, !made.take(process.number) else { return plan.bounds }
    made.remove()
    group = nil
    return plan.groupLimits.words(boundBy: [])
  }

  /// The process has ended, or is about to, having been killed.
  private func bury(_ process: WorkerProcess) {
    // What it said before it died counts.
    listen()
    let end = process.awaitEnd()
    // Whatever it started in its session dies with it.
    process.kill()
    let isOutOfMemory = group?.wasOutOfMemory ?? false
    read(process.output)
    read(process.errors)
    clearAway(process)
    let last = words.text(3)
    let sentence =
      isOutOfMemory && end == .killed(SIGKILL)
      ? "the worker was killed: it used more memory than the \(plan.groupLimits.memoryBytesMax) bytes "
        + "that it may" : end.sentence
    let fault = RuntimeFault(
      code: .failed, message: sentence + (last.isEmpty ? "" : "; its last words: \(last)"))
    let decision = worker.decide { $0.ended(fault, now: Clock.now()) }
    // Where we ended it, the reason is ours.
    let told = worker.lastEnd ?? fault
    plan.observe(.ended(instance: worker.instance, reason: told.message))
    worker.tell(.failure(told))
    carryOut(decision)
    worker.disconnect(told)
  }

  /// Nobody is told any more.
  private func leave(_ process: WorkerProcess) {
    _ = process.awaitEnd()
    process.kill()
    clearAway(process)
  }

  /// Lets go of a process that has ended, with all that was its own.
  private func clearAway(_ process: WorkerProcess) {
    group?.remove()
    group = nil
    process.closeAll()
    self.process = nil
    link = nil
    folder = nil
  }

  // MARK: Waiting

  private func wait() {
    if spin() { return }
    let now = Clock.now()
    let left = worker.wakeAt.nanoseconds(since: now) / 1_000_000 + 1
    var limit = Int32(clamping: left)
    if process != nil { limit = min(limit, Self.lookMilliseconds) }
    var files = [pollfd(fd: worker.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
    if let process {
      for file in [process.socket, process.life, process.output, process.errors] {
        files.append(pollfd(fd: file, events: Int16(POLLIN), revents: 0))
      }
      if lines.isExhausted(now) {
        // A flood: it waits in its pipe, and its worker with it.
        files[3].fd = -1
        files[4].fd = -1
        limit = min(limit, 100)
      }
    }
    guard poll(&files, nfds_t(files.count), limit) > 0 else { return }
    if files[0].revents != 0 {
      var count: UInt64 = 0
      _ = Glibc.read(worker.wakeDescriptor, &count, 8)
      worker.endStopped()
    }
    guard let process else { return }
    if files[3].revents != 0 { read(process.output) }
    if files[4].revents != 0 { read(process.errors) }
    if files[1].revents != 0 { listen() }
    if files[2].revents != 0 { bury(process) }
  }

  /// Looks for an answer without sleeping while one is due any moment: a wake-up costs more than the
  /// wait. Never with one core, where the worker would wait for us.
  private func spin() -> Bool {
    guard coreCount > 1, let link, let process else { return false }
    let pace = link.pace
    guard pace.runCount > 0, pace.answerNanoseconds < Self.spinNanosecondsMax else { return false }
    let until = Clock.now().advanced(byNanoseconds: pace.answerNanoseconds * 2)
    repeat {
      if take(process.socket, link) { return true }
    } while Clock.now() < until
    return false
  }

  // MARK: Listening

  private func listen() {
    guard let process, let link else { return }
    for _ in 0..<Self.messagesAtOnceMax {
      guard take(process.socket, link) else { return }
    }
  }

  /// Takes one message; false where there is none.
  private func take(_ socket: Int32, _ link: WorkerLink) -> Bool {
    guard let base = buffer.baseAddress else { return false }
    let count = apus_receive(socket, base, buffer.count)
    if count == 0 { return false }
    if count < 0 {
      if errno == EMSGSIZE { doubt("it sent a message that is too long") }
      return false
    }
    do throws(MalformedMessage) {
      let bytes = UnsafeRawBufferPointer(start: base, count: count)
      if let outcome = try link.take(bytes) { handle(outcome) }
    } catch {
      doubt("its answer is malformed: \(error.reason)")
    }
    return true
  }

  private func doubt(_ reason: String) {
    carryOut(worker.decide { $0.broke(reason) })
  }

  private func handle(_ outcome: WorkerLink.Outcome) {
    switch outcome {
    case .ready(let signature):
      worker.tell(.success(signature))
      carryOut(worker.decide { $0.becameReady() })
    case .unloadable(let fault):
      worker.tell(.failure(fault))
      carryOut(worker.decide { $0.refused(fault) })
    case .ended(let number, let run, let result): worker.finish(number, run, result)
    case .call(let call): ask(call)
    case .metric(let metric):
      plan.observe(.measured(instance: worker.instance, metric))
    }
  }

  private func ask(_ call: WorkerLink.WorkerCall) {
    guard let link else { return }
    guard let door = plan.door else {
      let fault = RuntimeFault(
        code: .failed, message: "no other model can be asked here")
      return link.answer(call, .failure(fault))
    }
    let asked = ModelCall(
      model: call.model, inputs: call.inputs, askedThrough: call.askedThrough + [plan.modelName],
      deadline: call.deadline)
    door.ask(asked) { link.answer(call, $0) }
  }

  private func read(_ file: Int32) {
    guard let base = buffer.baseAddress else { return }
    let count = Glibc.read(file, base, buffer.count)
    guard count > 0 else { return }
    let bytes = UnsafeRawBufferPointer(start: base, count: count)
    for line in words.take(bytes) {
      switch lines.take(now: Clock.now()) {
      case .told: plan.observe(.wrote(instance: worker.instance, line: line))
      case .leftOut(let count) where count == 1:
        plan.observe(.wroteTooMuch(instance: worker.instance, lineCount: count))
      case .leftOut: break
      }
    }
  }
}

/// How many lines a worker may write: so many a second are told, and more are left out.
struct LineAllowance {
  enum Answer { case told, leftOut(Int) }
  static let linesPerSecondMax = 50
  private static let readPerSecondMax = 20_000

  private var second: UInt64 = 0
  private var count = 0

  mutating func take(now: Instant) -> Answer {
    begin(now)
    count += 1
    return count <= Self.linesPerSecondMax ? .told : .leftOut(count - Self.linesPerSecondMax)
  }

  /// It has written so much in this second that the rest may wait.
  mutating func isExhausted(_ now: Instant) -> Bool {
    begin(now)
    return count > Self.readPerSecondMax
  }

  private mutating func begin(_ now: Instant) {
    let second = now.nanoseconds / 1_000_000_000
    guard second != self.second else { return }
    self.second = second
    count = 0
  }
}
