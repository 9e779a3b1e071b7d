import Synchronization

/// Rows of counters that any thread may add to without a lock: one row a shard, so that threads of
/// different shards do not fight for a cache line.
///
/// `@unchecked Sendable`: the memory is allocated and freed with the object, and in between only
/// reached through atomic operations.
final class CounterCells: @unchecked Sendable {
  private let cells: UnsafeMutablePointer<Atomic<UInt64>>
  private let rowWidth: Int
  private let rowCount: Int

  init(cellCount: Int, shardCount: Int) {
    rowWidth = (cellCount + 7) / 8 * 8
    rowCount = shardCount
    let count = rowWidth * rowCount
    cells = UnsafeMutableRawPointer.allocate(
      byteCount: count * MemoryLayout<Atomic<UInt64>>.stride, alignment: 64
    ).bindMemory(to: Atomic<UInt64>.self, capacity: count)
    for place in 0..<count { (cells + place).initialize(to: Atomic(0)) }
  }

  deinit {
    cells.deinitialize(count: rowWidth * rowCount)
    UnsafeMutableRawPointer(cells).deallocate()
  }

  /// Adds in one shard's row; the order against other cells is not kept.
  @inline(__always)
  func add(_ amount: UInt64, at place: Int, shard: Int) {
    cells[shard &* rowWidth &+ place].wrappingAdd(amount, ordering: .relaxed)
  }

  /// Sets a cell of one shard's row, which threads of that shard may overwrite.
  @inline(__always)
  func set(_ value: UInt64, at place: Int, shard: Int) {
    cells[shard &* rowWidth &+ place].store(value, ordering: .relaxed)
  }

  /// The largest over all shards.
  func largest(at place: Int) -> UInt64 {
    var largest: UInt64 = 0
    for row in 0..<rowCount {
      largest = max(largest, cells[row * rowWidth + place].load(ordering: .relaxed))
    }
    return largest
  }

  /// The sum over all shards.
  func sum(at place: Int) -> UInt64 {
    var sum: UInt64 = 0
    for row in 0..<rowCount { sum &+= cells[row * rowWidth + place].load(ordering: .relaxed) }
    return sum
  }
}
