import CWorkers
import Glibc
import Inference
import Synchronization

/// A piece of memory that we share with one worker: a sealed file in memory, mapped by both.
///
/// It cannot shrink under us, whatever the worker does; what it holds the worker may change at any time,
/// so nothing read from it is relied on twice.
final class Region: @unchecked Sendable {
  let number: UInt32
  /// Constant for the region's life; its bytes are raced for only by a worker that breaks its word,
  /// which can spoil its own answers and nothing else.
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  /// Its file is handed to `announce` and closed after it.
  init(
    number: UInt32, byteCount: Int, announce: (_ file: Int32) throws(RuntimeFault) -> Void
  ) throws(RuntimeFault) {
    let file = apus_memory_file(byteCount)
    guard file >= 0 else { throw Self.refused(byteCount) }
    defer { close(file) }
    guard
      let base = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
      base != MAP_FAILED
    else { throw Self.refused(byteCount) }
    self.number = number
    self.base = base
    self.byteCount = byteCount
    try announce(file)
  }

  deinit { munmap(base, byteCount) }

  private static func refused(_ byteCount: Int) -> RuntimeFault {
    RuntimeFault(
      code: .outOfMemory,
      message: "the system gives no \(byteCount) bytes to share with a worker (\(errno))")
  }
}

/// A region while a run, or a tensor of its answer, uses it; it goes back at the last release.
final class RegionLease: Sendable {
  let region: Region
  private let shelf: RegionShelf

  init(_ region: Region, of shelf: RegionShelf) {
    self.region = region
    self.shelf = shelf
  }

  deinit { shelf.giveBack(region) }

  /// The bytes for tensors.
  var byteCount: Int { region.byteCount }
}

/// The regions of one worker that nobody uses at the moment.
///
/// Kept because a page that both sides know costs nothing, and a fresh one a fault on each.
final class RegionShelf: Sendable {
  private struct Idle: Sendable {
    var regions: [Region] = []
    var byteCount = 0
    var forgotten: [UInt32] = []
    var isClosed = false
  }
  private let idle = Guarded(Idle())
  private let keptBytesMax: Int
  private static let keptMax = 16

  init(keptBytesMax: Int) { self.keptBytesMax = keptBytesMax }

  /// The smallest that is large enough and not much larger than asked for.
  func take(byteCount: Int) -> Region? {
    idle.withLock { idle in
      var best: Int?
      for (place, region) in idle.regions.enumerated() where region.byteCount >= byteCount {
        if best.map({ region.byteCount < idle.regions[$0].byteCount }) ?? true { best = place }
      }
      guard let best else { return nil }
      let region = idle.regions.remove(at: best)
      idle.byteCount -= region.byteCount
      return region
    }
  }

  func giveBack(_ region: Region) {
    idle.withLock { idle in
      if idle.isClosed { return }
      idle.regions.append(region)
      idle.byteCount += region.byteCount
      while idle.regions.count > Self.keptMax || idle.byteCount > keptBytesMax {
        let oldest = idle.regions.removeFirst()
        idle.byteCount -= oldest.byteCount
        idle.forgotten.append(oldest.number)
      }
    }
  }

  /// Regions that the worker may let go of.
  func takeForgotten() -> [UInt32] {
    idle.withLock { idle in
      if idle.forgotten.isEmpty { return [] }
      defer { idle.forgotten = [] }
      return idle.forgotten
    }
  }

  /// The worker is gone: nothing is kept from now on.
  func close() {
    idle.withLock { idle in
      idle.isClosed = true
      idle.regions = []
    }
  }

  /// At least `byteCount`, in sizes that differ by an eighth, so that like runs share them.
  static func size(for byteCount: Int) -> Int {
    let count = max(byteCount, 64 << 10)
    let step = max(4096, 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount - 3))
    return (count + step - 1) & ~(step - 1)
  }
}
