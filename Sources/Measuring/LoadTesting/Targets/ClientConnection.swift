/// The client's side of one connection, without its socket: what came goes in, what is to be sent
/// comes out.
///
/// One thread's. Never blocks, has no clock, keeps no more of an answer than it was asked to.
package protocol ClientConnection {
  /// How many more queries may be asked now: one at a time over HTTP/1.1, as many as the server allows
  /// over HTTP/2; 0 where the connection is to be replaced when the last of them has ended.
  var freeCount: Int { get }
  /// It gets no further answers and asks nothing: a new one takes its place once `freeCount` is needed.
  var isOver: Bool { get }

  /// What is sent before anything is asked.
  mutating func begin(_ outgoing: inout OutgoingBytes)

  /// Asks one sample; only while `freeCount` is above 0.
  ///
  /// - Parameter ticket: names the call when it ends.
  mutating func ask(_ sample: Int, ticket: Int, _ outgoing: inout OutgoingBytes)

  /// Takes bytes that came, in pieces of any size, and tells each call that ended, in any order.
  mutating func receive(
    _ bytes: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void)

  /// The server closed, or the socket failed: every call on its way ends, with that problem unless its
  /// answer is one that the end completes.
  mutating func close(_ problem: CallProblem, _ ended: (EndedCall) -> Void)
}

/// A call that has its whole answer, or never will.
package struct EndedCall {
  package let ticket: Int
  package let problem: CallProblem?
  /// The answer's body, where it came and was to be kept.
  package let answer: [UInt8]?
  /// The server has not looked at it and says so: it may be asked over another connection.
  package let isUntaken: Bool

  package init(
    ticket: Int, problem: CallProblem? = nil, answer: [UInt8]? = nil, isUntaken: Bool = false
  ) {
    self.isUntaken = isUntaken
    self.ticket = ticket
    self.problem = problem
    self.answer = answer
  }
}

/// Bytes that wait to be sent over one socket, as parts of arrays that are shared and not copied.
package struct OutgoingBytes {
  package private(set) var parts: [(bytes: [UInt8], range: Range<Int>)] = []

  package init() {}

  package var isEmpty: Bool { parts.isEmpty }

  package mutating func append(_ bytes: [UInt8]) { append(bytes, bytes.indices) }

  package mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
    if !range.isEmpty { parts.append((bytes, range)) }
  }

  /// So many bytes were sent.
  package mutating func sent(_ count: Int) {
    var rest = count
    var whole = 0
    while whole < parts.count, rest >= parts[whole].range.count {
      rest -= parts[whole].range.count
      whole += 1
    }
    guard whole < parts.count else { return parts.removeAll(keepingCapacity: true) }
    parts.removeFirst(whole)
    guard rest > 0 else { return }
    parts[0].range = parts[0].range.dropFirst(rest)
  }
}
