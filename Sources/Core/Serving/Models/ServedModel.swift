import Glibc
import Inference
import Synchronization

/// Keeps one version in memory: routes and leases refer to it, and when the last of them lets go,
/// the version drains and its memory is returned.
final class ServedModel: Sendable {
  let core: ModelCore
  /// Tells it from every other one that was ever served.
  let number: UInt64
  private let retire: @Sendable (ModelCore, UInt64) -> Void
  private let usedAt: Atomic<UInt64>

  /// - Parameter retire: called once, on whichever thread lets go last; must not block.
  init(core: ModelCore, retire: @escaping @Sendable (ModelCore, UInt64) -> Void) {
    self.core = core
    number = Self.count.add(1, ordering: .relaxed).newValue
    self.retire = retire
    self.usedAt = Atomic(Self.coarseNow())
  }

  private static let count = Atomic<UInt64>(0)

  deinit { retire(core, number) }

  /// When it was last asked, to some hundredths of a second; only where `noteUse` is called.
  var lastUsed: UInt64 { usedAt.load(ordering: .relaxed) }

  /// Somebody asks for it. Written only when the time has moved on, so that loops do not take the
  /// cache line from each other.
  func noteUse() {
    let now = Self.coarseNow()
    if usedAt.load(ordering: .relaxed) != now { usedAt.store(now, ordering: .relaxed) }
  }

  /// Some 17 ms a step; reading this clock costs a few nanoseconds.
  private static func coarseNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
    return (UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)) >> 24
  }
}
