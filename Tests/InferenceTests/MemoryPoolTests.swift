import Foundation
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

  @Test(.enabled(if: FileManager.default.fileExists(atPath: hugePages), "no huge pages here"))
  func `the system is asked for huge pages under a large block`() throws {
    let pool = MemoryPool(keptBytesMax: 0)
    let (base, capacity) = pool.take(byteCount: 5_000_000)
    defer { pool.giveBack(base, capacity: capacity) }
    let flags = try #require(try Self.mappingFlags(at: UInt(bitPattern: base)))
    #expect(flags.contains("hg"))
  }

  private static let hugePages = "/sys/kernel/mm/transparent_hugepage/enabled"

  /// The flags of the mapping that has `address`, as /proc/self/smaps (proc(5)) gives them.
  private static func mappingFlags(at address: UInt) throws -> [Substring]? {
    let smaps = try String(contentsOfFile: "/proc/self/smaps", encoding: .utf8)
    var isThere = false
    for line in smaps.split(separator: "\n") {
      let ends = line.prefix { $0 != " " }.split(separator: "-").map { UInt($0, radix: 16) }
      if ends.count == 2, let first = ends[0], let end = ends[1] {
        isThere = (first..<end).contains(address)
      } else if isThere, line.hasPrefix("VmFlags:") {
        return line.split(separator: " ").dropFirst().map { $0 }
      }
    }
    return nil
  }
}
