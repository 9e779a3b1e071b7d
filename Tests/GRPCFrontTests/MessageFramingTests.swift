import FrontSupport
import Inference
import NIOCore
import Testing
import WireFormats

@testable import GRPCFront

@Suite struct MessageFramingTests {
  private let budget = ByteBudget(byteCountMax: 1 << 20)

  private func framing(
    areInferences: Bool = false, byteCountMax: Int = 1_000, isPackingKnown: Bool = false
  ) -> MessageFraming {
    MessageFraming(
      areInferences: areInferences, byteCountMax: byteCountMax, isPackingKnown: isPackingKnown,
      budget: budget)
  }

  private func message(_ bytes: [UInt8], flag: UInt8 = 0) -> [UInt8] {
    [flag, 0, 0, UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
  }

  /// Every message in the pieces.
  private func read(
    _ pieces: [[UInt8]], _ framing: inout MessageFraming
  ) throws(CallFailure) -> [[UInt8]] {
    var found: [[UInt8]] = []
    for piece in pieces {
      var bytes = ByteBuffer(bytes: piece)
      while let message = try framing.next(&bytes) {
        switch message {
        case .bytes(let bytes, _): found.append(Array(bytes.readableBytesView))
        case .infer(let parts): found.append(parts.head)
        case .unreadable: found.append(Array("unreadable".utf8))
        }
      }
    }
    return found
  }

  @Test func `cuts messages wherever the network cuts their bytes`() throws {
    let all = message([1, 2, 3]) + message([]) + message(Array(repeating: 9, count: 300))
    for size in 1...all.count {
      var framing = framing()
      let pieces = stride(from: 0, to: all.count, by: size).map {
        Array(all[$0..<min($0 + size, all.count)])
      }
      let found = try read(pieces, &framing)
      #expect(found == [[1, 2, 3], [], Array(repeating: 9, count: 300)])
      #expect(!framing.isInsideMessage)
    }
  }

  @Test func `says what it wants of the bytes that come next`() throws {
    var framing = framing(areInferences: true, byteCountMax: 1 << 20)
    #expect(framing.wish == .beginning && framing.openMemory == nil)
    // One raw content of 100,000 bytes.
    let head: [UInt8] = [0, 0, 1, 0x86, 0xa4, 0x3a, 0xa0, 0x8d, 0x06]
    #expect(try read([Array(head[..<7])], &framing).isEmpty)
    #expect(framing.wish == .beginning && framing.openMemory == nil)
    #expect(try read([Array(head[7...])], &framing).isEmpty)
    #expect(framing.wish == .bytes(100_000))
    #expect(try read([[1]], &framing).isEmpty)
    #expect(framing.wish == .bytes(99_999))
    #expect(framing.openMemory?.bytes.count == 99_999)
    #expect(framing.openMemory?.prefix(7).bytes.count == 7)
    #expect(try read([Array(repeating: 2, count: 99_999)], &framing) == [[]])
    #expect(framing.wish == .beginning)
    #expect(self.framing().wish == .nothing)
  }

  @Test func `skips the rest of a message that cannot be read, and goes on behind it`() throws {
    // A field of wire type 7, of which there is none; in pieces, so it is not simply handed on.
    let nonsense = message([0x0F] + Array(repeating: 3, count: 99))
    let good = message([])
    for size in [7, 30, 104] {
      var framing = framing(areInferences: true)
      let all = nonsense + good
      let pieces = stride(from: 0, to: all.count, by: size).map {
        Array(all[$0..<min($0 + size, all.count)])
      }
      #expect(try read(pieces, &framing) == [Array("unreadable".utf8), []], "\(size)")
      #expect(!framing.isInsideMessage)
    }
  }

  @Test func `knows when it is inside a message`() throws {
    var framing = framing()
    #expect(try read([[0, 0]], &framing).isEmpty)
    #expect(framing.isInsideMessage)
    #expect(try read([[0, 0, 2, 7]], &framing).isEmpty)
    #expect(framing.isInsideMessage)
    #expect(try read([[8]], &framing) == [[7, 8]])
    #expect(!framing.isInsideMessage)
  }

  @Test func `refuses what is too long, before it has come`() {
    var framing = framing(byteCountMax: 10)
    #expect { _ = try read([[0, 0, 0, 0, 11]], &framing) } throws: {
      ($0 as? CallFailure)?.failure == .tooLarge(.body(bytesMax: 10))
    }
  }

  @Test(arguments: [(UInt8(1), false), (2, false), (2, true)])
  func `refuses flags that mean nothing here`(_ flag: UInt8, _ isPackingKnown: Bool) {
    var framing = framing(isPackingKnown: isPackingKnown)
    #expect { _ = try read([message([1], flag: flag)], &framing) } throws: {
      ($0 as? CallFailure)?.status == .internal
    }
  }

  @Test func `counts what it holds against the budget, and gives it back`() throws {
    var framing = framing(byteCountMax: 1 << 20)
    let prefix: [UInt8] = [0, 0, 8, 0, 0]
    _ = try read([prefix, Array(repeating: 1, count: 200_000)], &framing)
    #expect(budget.byteCount >= 200_000 - (64 << 10))
    framing.giveBack()
    #expect(budget.byteCount == 0)
  }

  @Test func `refuses what the budget does not hold`() {
    let small = ByteBudget(byteCountMax: 100)
    var framing = MessageFraming(
      areInferences: true, byteCountMax: 1 << 20, isPackingKnown: false, budget: small)
    // One raw tensor of nearly all of the message.
    let start: [UInt8] = [0, 0, 8, 0, 0, 0x3A, 0xFC, 0xFF, 0x1F]
    #expect { _ = try read([start, Array(repeating: 1, count: 200_000)], &framing) } throws: {
      guard case .overloaded = ($0 as? CallFailure)?.failure else { return false }
      return true
    }
    framing.giveBack()
    #expect(small.byteCount == 0)
  }
}
