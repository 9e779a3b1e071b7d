import Glibc
import Inference

/// A run that takes its time.
enum Pause {
  /// How long a stopped run may go on.
  private static let stepMilliseconds = 2

  /// Sleeps on the calling thread, a model thread; throws `.stopped` soon after the flag is raised.
  static func wait(milliseconds: Int, unless stop: StopFlag) throws(RuntimeFault) {
    var left = milliseconds
    while left > 0 {
      try check(stop)
      let step = min(left, stepMilliseconds)
      usleep(UInt32(step) * 1_000)
      left -= step
    }
  }

  /// Throws `.stopped` where the flag is raised.
  static func check(_ stop: StopFlag) throws(RuntimeFault) {
    guard stop.isRaised else { return }
    throw RuntimeFault(code: .stopped, message: "the run was told to stop")
  }
}
