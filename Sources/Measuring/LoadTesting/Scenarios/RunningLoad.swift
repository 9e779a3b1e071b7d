import Glibc
import Inference
import Serving

/// One run while it goes on: what those who ask, those who watch and those who interrupt share. Safe
/// from any thread.
package final class RunningLoad: Sendable {
  struct Shared: Sendable {
    var state: LoadState
    var hasBegun = false
    /// Threads that drive the run, and those of them that are not connected yet.
    var driverCount = 0
    var unreadyCount = 0
    /// More callers were needed than there may be.
    var wasShortOfCallers = false
    /// Processor time that was spent on asking; `nil` where the target is in this process.
    var processorNanoseconds: UInt64?
    /// What travelled while the clock ran; `nil` where there is no network.
    var traffic: NetworkTraffic?
  }

  /// How long a target that failed is left in peace by who asked: one that refuses at once would
  /// otherwise be asked as fast as this machine can.
  static let retryNanoseconds: UInt64 = 10_000_000
  /// How long an interrupted run waits for answers that are on their way.
  static let graceNanoseconds: UInt64 = 1_000_000_000
  /// As much as the system may oversleep: who waits for its time wakes so much before it, and lets
  /// others run until then.
  static let oversleepNanoseconds: UInt64 = 80_000

  let plan: LoadPlan
  let answers: (any AnswerKeeper)?
  /// Threads that drive connections, at most.
  let threadCount: Int
  let shared: Signal<Shared>

  init(_ plan: LoadPlan, sampleCount: Int, answers: (any AnswerKeeper)?, threadCount: Int) {
    self.plan = plan
    self.answers = answers
    self.threadCount = threadCount
    shared = Signal(Shared(state: LoadState(plan: plan, sampleCount: sampleCount)))
  }

  /// Starts a thread that drives a part of the run: gets ready, calls `waitForBeginning` once, and
  /// returns when its part is over.
  func startDriver(_ name: String, _ drive: @escaping @Sendable () -> Void) {
    shared.withValue {
      $0.driverCount += 1
      $0.unreadyCount += 1
    }
    NamedThread(name: name) {
      drive()
      self.shared.update { $0.driverCount -= 1 }
    }.detach()
  }

  /// This driver is ready; blocks until the clock runs, and tells since when.
  func waitForBeginning() -> Instant {
    shared.update { $0.unreadyCount -= 1 }
    return shared.sleepUntilReady { $0.hasBegun ? $0.state.began : nil } ?? .never
  }
}
