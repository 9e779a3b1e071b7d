import Inference
import Testing

@testable import Serving

@Suite struct ResponseCacheStateTests {
  typealias State = ResponseCacheState<String>

  @Test func `the least recently used makes room`() {
    var state = State(byteCountMax: 30)
    let owner = state.openOwner()
    func key(_ hash: UInt64) -> State.Key { .init(owner: owner, hash: hash) }
    for hash in 1...3 as ClosedRange<UInt64> {
      #expect(state.keep("\(hash)", at: key(hash), byteCount: 10).isEmpty)
    }
    #expect(state.find(key(1)) == "1")
    #expect(state.keep("4", at: key(4), byteCount: 15) == ["2", "3"])
    #expect(state.find(key(2)) == nil && state.find(key(1)) == "1" && state.find(key(4)) == "4")
    #expect(state.byteCount == 25 && state.count == 2 && state.evictedCount == 2)
  }

  @Test func `a content takes the place of what had its key, which is no eviction`() {
    var state = State(byteCountMax: 30)
    let key = State.Key(owner: state.openOwner(), hash: 1)
    _ = state.keep("old", at: key, byteCount: 30)
    #expect(state.keep("new", at: key, byteCount: 5) == ["old"])
    #expect(state.find(key) == "new" && state.byteCount == 5 && state.evictedCount == 0)
  }

  @Test func `what is larger than everything is not kept and costs nobody a place`() {
    var state = State(byteCountMax: 30)
    let owner = state.openOwner()
    _ = state.keep("a", at: .init(owner: owner, hash: 1), byteCount: 1)
    #expect(state.keep("b", at: .init(owner: owner, hash: 2), byteCount: 31) == ["b"])
    #expect(state.count == 1)
  }

  @Test func `nothing is found or kept of an owner that is closed, and others keep theirs`() {
    var state = State(byteCountMax: 30)
    let (one, other) = (state.openOwner(), state.openOwner())
    for (owner, content) in [(one, "a"), (other, "b")] {
      _ = state.keep(content, at: .init(owner: owner, hash: 7), byteCount: 1)
    }
    state.close(one)
    #expect(state.find(.init(owner: one, hash: 7)) == nil)
    #expect(state.keep("c", at: .init(owner: one, hash: 8), byteCount: 1) == ["c"])
    #expect(state.removeClosed(inSlots: 0..<state.slotCount + 5) == ["a"])
    #expect(state.find(.init(owner: other, hash: 7)) == "b")
    #expect(state.byteCount == 1 && state.evictedCount == 0)
  }

  /// What the state must do, written down as slowly as it can be.
  private struct Plain {
    var entries: [State.Key: (content: String, byteCount: Int, used: Int)] = [:]
    var owners: Set<UInt64> = []
    var step = 0

    var byteCount: Int { entries.values.reduce(0) { $0 + $1.byteCount } }

    mutating func find(_ key: State.Key) -> String? {
      guard owners.contains(key.owner), let entry = entries[key] else { return nil }
      entries[key]?.used = step
      return entry.content
    }

    mutating func keep(_ content: String, _ key: State.Key, _ byteCount: Int, max: Int) -> [String]
    {
      guard owners.contains(key.owner), byteCount <= max else { return [content] }
      var removed = entries.removeValue(forKey: key).map { [$0.content] } ?? []
      while self.byteCount + byteCount > max,
        let oldest = entries.min(by: { $0.value.used < $1.value.used })
      {
        entries[oldest.key] = nil
        removed.append(oldest.value.content)
      }
      entries[key] = (content, byteCount, step)
      return removed
    }

    mutating func close(_ owner: UInt64) -> [String] {
      owners.remove(owner)
      let gone = entries.filter { $0.key.owner == owner }
      for key in gone.keys { entries[key] = nil }
      return gone.values.map(\.content)
    }
  }

  @Test(arguments: 1...20 as ClosedRange<UInt64>)
  func `a random walk does what a plain table does`(_ seed: UInt64) {
    var random = SplitMix(state: seed)
    var state = State(byteCountMax: 200)
    var plain = Plain()
    var owners: [UInt64] = []
    for step in 1...2_000 {
      plain.step = step
      if owners.count < 3 {
        let owner = state.openOwner()
        #expect(!owners.contains(owner))
        owners.append(owner)
        plain.owners.insert(owner)
      }
      let key = State.Key(
        owner: owners[Int.random(in: 0..<owners.count, using: &random)],
        hash: UInt64.random(in: 0..<12, using: &random))
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<45: #expect(state.find(key) == plain.find(key))
      case 45..<98:
        let byteCount = Int.random(in: 0...(step % 50 == 0 ? 250 : 60), using: &random)
        let removed = state.keep("\(step)", at: key, byteCount: byteCount)
        #expect(removed == plain.keep("\(step)", key, byteCount, max: 200))
      default:
        state.close(key.owner)
        var removed: [String] = []
        for start in stride(from: 0, to: state.slotCount, by: 3) {
          removed += state.removeClosed(inSlots: start..<start + 3)
        }
        #expect(Set(removed) == Set(plain.close(key.owner)))
        owners.removeAll { $0 == key.owner }
      }
      #expect(state.byteCount == plain.byteCount && state.byteCount <= 200)
      #expect(state.count == plain.entries.count)
    }
  }
}

private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct ByteHashTests {
  private func hash(_ bytes: [UInt8], seed: UInt64 = 1) -> UInt64 {
    var random = SplitMix(state: seed)
    var hash = ByteHash(ByteHash.Secret(&random))
    bytes.withUnsafeBytes { hash.add($0) }
    return hash.value
  }

  @Test(arguments: [1, 7, 8, 9, 63, 64, 65, 127, 128, 200])
  func `each bit of each byte counts`(_ count: Int) {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
    var seen: Set<UInt64> = [hash(bytes)]
    for place in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[place] ^= 1 << UInt8(bit)
        seen.insert(hash(changed))
      }
    }
    #expect(seen.count == count * 8 + 1)
    #expect(hash(bytes) == hash(bytes) && hash(bytes) != hash(bytes, seed: 2))
  }

  @Test func `so do zeros at the end and the order of blocks`() {
    let hashes = (0...200).map { hash([UInt8](repeating: 0, count: $0)) }
    #expect(Set(hashes).count == 201)
    let (ones, twos) = ([UInt8](repeating: 1, count: 64), [UInt8](repeating: 2, count: 64))
    #expect(hash(ones + twos) != hash(twos + ones))
  }
}
