import NIOCore
import Testing

@testable import GRPCFront

@Suite struct FrameDiversionTests {
  private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  private static func frame(
    _ kind: UInt8, flags: UInt8 = 0, stream: UInt8 = 1, _ payload: [UInt8]
  ) -> [UInt8] {
    let count = payload.count
    return [
      UInt8(count >> 16), UInt8(count >> 8 & 255), UInt8(count & 255), kind, flags, 0, 0, 0, stream,
    ] + payload
  }

  /// Recognisable bytes of a tensor.
  private static func tensor(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  }

  /// What a call would do: takes `head` bytes as they come, then a tensor, then what follows.
  private struct Call {
    let headCount: Int
    let tensorCount: Int
    var isKnown = true
    var received: [UInt8] = []
    var ended = false
    var takenCount = 0

    var wish: FrameDiversion.Wish {
      if !isKnown { return .nothing }
      if received.count < headCount { return .beginning }
      let missing = headCount + tensorCount - received.count
      return missing > 0 ? .bytes(missing) : .nothing
    }
  }

  /// Sends bytes in pieces of `size`; plays the HTTP/2 handler for what is passed on.
  private func send(
    _ bytes: [UInt8], size: Int, to call: inout Call, frameBytesMax: Int = 1 << 20
  ) -> [[UInt8]] {
    var diversion = FrameDiversion(frameBytesMax: frameBytesMax)
    var passed: [UInt8] = []
    var others: [[UInt8]] = []
    for start in stride(from: 0, to: bytes.count, by: size) {
      var piece = ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)])
      while true {
        let current = call
        guard let next = diversion.next(&piece, wish: { _ in current.wish }) else { break }
        switch next {
        case .take(let part, let id):
          #expect(id == 1)
          call.received += part.readableBytesView
          call.takenCount += part.readableBytes
        case .pass(let part):
          passed += part.readableBytesView
          others += handle(&passed, &call)
        }
      }
      #expect(piece.readableBytes == 0)
    }
    #expect(passed.isEmpty)
    return others
  }

  /// Frames that have come whole, DATA into the call; bytes of DATA at once.
  private func handle(_ passed: inout [UInt8], _ call: inout Call) -> [[UInt8]] {
    var others: [[UInt8]] = []
    if passed.starts(with: Self.preface) { passed.removeFirst(Self.preface.count) }
    while passed.count >= 9, passed[0] != UInt8(ascii: "P") {
      let count = Int(passed[0]) << 16 | Int(passed[1]) << 8 | Int(passed[2])
      guard passed.count >= 9 + count else { break }
      let payload = Array(passed[9..<9 + count])
      if passed[3] == 0, passed[4] & 8 == 0 {
        #expect(!call.ended)
        call.received += payload
        call.ended = passed[4] & 1 == 1
      } else {
        others.append(Array(passed[..<(9 + count)]))
      }
      passed.removeFirst(9 + count)
    }
    return others
  }

  @Test(arguments: [1, 7, 9, 100, 1_023, 4_096, 9_999, 200_000])
  func `a tensor is taken out, and the rest is HTTP 2 as it was`(_ size: Int) {
    let head = Self.tensor(300)
    let tensor = Self.tensor(50_000)
    let settings = Self.frame(4, stream: 0, [])
    let headers = Self.frame(1, flags: 4, [1, 2, 3])
    let ping = Self.frame(6, stream: 0, Array(repeating: 7, count: 8))
    let bytes =
      Self.preface + settings + headers + Self.frame(0, head + tensor[..<20_000]) + ping
      + Self.frame(0, flags: 1, Array(tensor[20_000...]) + [42, 43])
    var call = Call(headCount: 300, tensorCount: 50_000)
    let others = send(bytes, size: size, to: &call)
    #expect(call.received == head + tensor + [42, 43] && call.ended)
    #expect(others == [settings, headers, ping])
    // All but what tells that a tensor follows.
    #expect(call.takenCount >= 50_000 - 1_024)
  }

  @Test func `a frame that is all tensor and the call's last still ends it`() {
    let bytes = Self.preface + Self.frame(0, flags: 1, Self.tensor(8_192))
    var call = Call(headCount: 0, tensorCount: 8_192)
    #expect(send(bytes, size: 1_000, to: &call).isEmpty)
    #expect(call.received == Self.tensor(8_192) && call.ended && call.takenCount == 8_192)
  }

  @Test(arguments: [1, 9, 5_000])
  func `a tensor among headers that have not ended is the handler's, which refuses it`(
    _ size: Int
  ) {
    let headers = [Self.frame(1, stream: 3, [1, 2]), Self.frame(9, flags: 4, stream: 3, [3])]
    let data = Self.frame(0, Self.tensor(8_192))
    var call = Call(headCount: 0, tensorCount: 20_000)
    let others = send(
      Self.preface + headers[0] + data + headers[1] + data, size: size, to: &call)
    #expect(others == headers && call.takenCount == 8_192 && call.received.count == 16_384)
  }

  @Test func `what nobody wants goes on untouched`() {
    let frames = [
      Self.frame(0, flags: 1, Self.tensor(8_192)), Self.frame(0, Self.tensor(4_000)),
      Self.frame(0, flags: 8, [2] + Self.tensor(6_000)), Self.frame(0, Self.tensor(70_000)),
    ]
    for (place, frame) in frames.enumerated() {
      var call = Call(headCount: 0, tensorCount: 1_000_000, isKnown: place > 0)
      let others = send(Self.preface + frame, size: 3_333, to: &call, frameBytesMax: 65_536)
      #expect(call.takenCount == 0)
      #expect(call.received.count == (place == 2 ? 0 : frame.count - 9))
      #expect(others == (place == 2 ? [frame] : []))
    }
  }
}
