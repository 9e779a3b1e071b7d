import Inference

/// Asks a server and waits, out of any run's clock: over a pool of its own.
final class SocketCaller<Target: SocketTarget>: LoadCaller {
  private static var tickNanoseconds: UInt64 { 1_000_000_000 }

  private var pool: ConnectionPool<Target>

  init(_ target: Target, answers: (any AnswerKeeper)?) throws(CallProblem) {
    pool = try ConnectionPool(target, answers: answers)
  }

  func ask(_ samples: [Int]) throws(CallProblem) {
    var problem: CallProblem?
    for call in call(samples) { problem = problem ?? call.problem }
    if let problem { throw problem }
  }

  /// All calls, in the order in which they ended. Blocks until each has.
  func call(_ samples: [Int]) -> [ConnectionPool<Target>.Finished] {
    pool.readClock()
    for (place, sample) in samples.enumerated() { pool.ask(sample, place: place) }
    pool.flush()
    while pool.finished.count < samples.count {
      for index in 0..<pool.wait(nanoseconds: Self.tickNanoseconds) {
        if let link = pool.handle(index) { pool.settle(link) }
      }
      pool.expire()
    }
    defer { pool.clearFinished() }
    return pool.finished
  }
}

extension SocketTarget {
  package func makeCaller(
    answers: (any AnswerKeeper)?
  ) throws(CallProblem) -> any LoadCaller { try SocketCaller(self, answers: answers) }

  /// Asks one sample over a connection of its own, and gives its whole answer. Blocks.
  package func askOnce(_ sample: Int) -> EndedCall {
    do throws(CallProblem) {
      let caller = try SocketCaller(self, answers: EveryAnswer())
      guard let call = caller.call([sample]).first else { return EndedCall(ticket: 0) }
      return EndedCall(ticket: 0, problem: call.problem, answer: call.answer)
    } catch {
      return EndedCall(ticket: 0, problem: error)
    }
  }
}

/// Wants every answer, for whoever asked to look at it.
private struct EveryAnswer: AnswerKeeper {
  func wants(_ sample: Int) -> Bool { true }
  func keep(_ answer: LoadAnswer, of sample: Int) {}
}
