import FrontSupport
import NIOCore

/// Packs an answer for a client that asked for it.
enum Packing {
  /// The answer packed, and its headers saying so; as it was where there is no zlib. About 10 ms a
  /// MiB: on a worker where it is large.
  static func pack(_ answer: Answer, _ coding: ContentCoding) -> Answer {
    let room = AnswerHead.buffer(capacity: answer.bodyByteCount / 2)
    guard let body = Deflating.pack([answer.body] + answer.tail, coding, into: room) else {
      return answer
    }
    var packed = answer
    packed.body = body
    packed.tail = []
    packed.headers.append(("Content-Encoding", coding.name))
    packed.headers.append(("Vary", "Accept-Encoding"))
    return packed
  }
}
