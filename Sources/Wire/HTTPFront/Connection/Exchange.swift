import NIOCore
import WireFormats

/// One request's way from its head to its answer, apart from the connection that carries it.
///
/// On its connection's loop throughout. Ends in exactly one call of `HTTPConnection.answer` or
/// `refuse`, unless it is abandoned before.
protocol Exchange: AnyObject {
  /// A part of the body, unpacked or not as the client sent it.
  func receive(_ part: ByteBuffer)
  /// Where the next bytes of the body may be read to directly; `receive` is then given them there.
  var memoryForNextRead: BodyMemory? { get }
  /// The body is complete.
  func end()
  /// The client has gone, or has been refused: whatever is under way is of no use any more.
  func abandon()
}

extension Exchange {
  /// Bodies that are read into memory of the network's.
  var memoryForNextRead: BodyMemory? { nil }
}
