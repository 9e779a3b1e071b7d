import Glibc
import Synchronization
import Trees

/// A part of a batch, with the memory that one thread walks in.
final class Lane {
  let rowCount: Int
  private let compiled: CompiledEnsemble
  private let scratch: TreeScratch
  private let margins: UnsafeMutableBufferPointer<Float>

  init(_ compiled: CompiledEnsemble, rowCount: Int) {
    self.compiled = compiled
    self.rowCount = rowCount
    scratch = compiled.makeScratch()
    margins = .allocate(capacity: rowCount * compiled.outputCount)
  }

  deinit { margins.deallocate() }

  func run(_ rows: UnsafeBufferPointer<Float>) {
    compiled.margins(of: rows, rowCount: rowCount, into: margins, scratch: scratch)
  }
}

/// A second thread, which spins between its parts as OpenMP's threads do.
final class HelperThread: @unchecked Sendable {
  // Unchecked: `lane` and `rows` are handed over by `state`, and touched by one side at a time.
  private let lane: Lane
  private var rows = UnsafeBufferPointer<Float>(start: nil, count: 0)
  private let state = Atomic<Int>(HelperThread.idle)
  private var thread = pthread_t()

  private static let idle = 0
  private static let begun = 1
  private static let ended = 2

  init(_ lane: Lane) {
    self.lane = lane
    let context = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<HelperThread>.fromOpaque(context).takeRetainedValue().work()
        return nil
      }, context)
  }

  func begin(_ rows: UnsafeBufferPointer<Float>) {
    self.rows = rows
    state.store(Self.begun, ordering: .releasing)
  }

  func wait() {
    while state.load(ordering: .acquiring) == Self.begun {}
  }

  func end() {
    state.store(Self.ended, ordering: .releasing)
    pthread_join(thread, nil)
  }

  private func work() {
    while true {
      switch state.load(ordering: .acquiring) {
      case Self.begun:
        lane.run(rows)
        state.store(Self.idle, ordering: .releasing)
      case Self.ended: return
      default: continue
      }
    }
  }
}
