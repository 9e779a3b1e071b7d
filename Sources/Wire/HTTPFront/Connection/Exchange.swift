import NIOCore
import WireFormats

/// One request's way from its head to its answer, apart from the connection that carries it.
///
/// On its connection's loop throughout. Ends in exactly one call of `HTTPConnection.answer`, `refuse`, or
/// of `endStream` or `breakStream` after `beginStream`, unless it is abandoned before.
protocol Exchange: AnyObject {
  /// A part of the body, unpacked or not as the client sent it.
  func receive(_ part: ByteBuffer)
  /// Where the next bytes of the body may be read to directly; `receive` is then given them there.
  var memoryForNextRead: BodyMemory? { get }
  /// The body is complete.
  func end()
  /// The client has gone, or has been refused: whatever is under way is of no use any more.
  func abandon()
  /// The socket takes more, or no more, of an answer that is sent in parts.
  func writabilityChanged(to isWritable: Bool)
}

extension Exchange {
  func writabilityChanged(to isWritable: Bool) {}
}

extension Exchange {
  /// Bodies that are read into memory of the network's.
  var memoryForNextRead: BodyMemory? { nil }
}
