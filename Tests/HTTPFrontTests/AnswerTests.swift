import NIOCore
import Testing

@testable import HTTPFront

@Suite struct AnswerTests {
  @Test(arguments: [(4_096, 0), (4_097, 2)])
  func `small tensors are sent with the head, large ones as they lie in memory`(
    _ byteCount: Int, _ partCount: Int
  ) {
    var answer = Answer(status: 200, contentType: Answer.json, bytes: "{}".utf8)
    answer.tail = [
      ByteBuffer(repeating: 1, count: byteCount - 1), ByteBuffer(repeating: 2, count: 1),
    ]
    let whole = answer.bodyByteCount
    answer.joinSmallTail()
    #expect(answer.tail.count == partCount)
    #expect(answer.bodyByteCount == whole)
    if partCount == 0 { #expect(answer.body.readableBytesView.suffix(2) == [1, 2]) }
  }
}
