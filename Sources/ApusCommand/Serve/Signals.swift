import Glibc
import Inference
import Serving
import Synchronization

/// SIGTERM, SIGINT and SIGHUP, taken by threads that wait for them instead of by handlers.
///
/// Make it before any other thread: threads inherit the mask that keeps these signals for us.
final class Signals: Sendable {
  private let reopen = Guarded<(@Sendable () -> Void)?>(nil)

  init() {
    signal(SIGPIPE, SIG_IGN)
    var set = Self.waited
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// What SIGHUP does.
  func onReopen(_ body: @escaping @Sendable () -> Void) { reopen.withLock { $0 = body } }

  /// Blocks until SIGTERM or SIGINT. From then on a second one ends the process at once.
  func waitForEnd() {
    waitForOne()
    let impatient = NamedThread(name: "apus:signals") {
      let number = self.waitForOne()
      Terminal.complain("second signal, ending at once")
      _exit(128 + number)
    }
    impatient.detach()
  }

  /// Answers with SIGTERM or SIGINT; serves SIGHUP meanwhile.
  @discardableResult
  private func waitForOne() -> Int32 {
    var set = Self.waited
    while true {
      var number: Int32 = 0
      guard sigwait(&set, &number) == 0 else { continue }
      if number != SIGHUP { return number }
      reopen.withLock { $0 }?()
    }
  }

  private static var waited: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&set, number) }
    return set
  }
}
