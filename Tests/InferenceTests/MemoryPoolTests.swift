import Glibc
import Inference
import Testing

@Suite struct MemoryPoolTests {
  @Test func `a large block that was given back is the next one of its size`() {
    let pool = MemoryPool(keptBytesMax: 1 << 20)
    let (first, capacity) = pool.take(byteCount: 100_000)
    #expect(capacity >= 100_000 && capacity <= 112_500)
    pool.giveBack(first, capacity: capacity)
    #expect(pool.keptByteCount == capacity)
    let (second, _) = pool.take(byteCount: capacity)
    #expect(second == first)
    #expect(pool.keptByteCount == 0)
    pool.giveBack(second, capacity: capacity)
    pool.trim()
    #expect(pool.keptByteCount == 0)
  }

  @Test func `what would be kept beyond the bound is freed`() {
    let pool = MemoryPool(keptBytesMax: 300_000)
    let blocks = (0..<3).map { _ in pool.take(byteCount: 131_072) }
    for (base, capacity) in blocks { pool.giveBack(base, capacity: capacity) }
    #expect(pool.keptByteCount == 2 * blocks[0].capacity)
  }

  @Test(arguments: [1, 64, 65, 65_537, 1 << 20, 5_000_000])
  func `a block begins at a cache line and holds what was asked for`(_ byteCount: Int) {
    let pool = MemoryPool(keptBytesMax: 0)
    let (base, capacity) = pool.take(byteCount: byteCount)
    defer { pool.giveBack(base, capacity: capacity) }
    #expect(UInt(bitPattern: base) % UInt(MemoryPool.alignment) == 0)
    #expect(capacity >= byteCount)
    memset(base, 1, capacity)
  }

  @Test func `a larger block serves where its size is within the slack`() {
    let pool = MemoryPool(keptBytesMax: 1 << 20)
    let (large, capacity) = pool.take(byteCount: 256 << 10)
    pool.giveBack(large, capacity: capacity)
    let (none, its) = pool.take(byteCount: 128 << 10, slack: 7)
    #expect(none != large && its == 128 << 10)
    let (some, all) = pool.take(byteCount: 128 << 10, slack: 8)
    #expect(some == large && all == capacity)
    pool.giveBack(none, capacity: its)
    pool.giveBack(some, capacity: all)
  }

  @Test func `a large block begins where a huge page may lie`() {
    let pool = MemoryPool(keptBytesMax: 0)
    let (base, capacity) = pool.take(byteCount: 5_000_000)
    defer { pool.giveBack(base, capacity: capacity) }
    #expect(UInt(bitPattern: base) % UInt(2 << 20) == 0)
  }
}
