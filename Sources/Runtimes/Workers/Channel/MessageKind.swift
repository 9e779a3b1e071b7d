/// What a message is; docs/protocols/worker-channel.md describes each.
package enum MessageKind {
  /// Of the channel as a whole; a worker of another one is refused at its start.
  package static let version: UInt16 = 2

  /// What a worker is told.
  package enum ToWorker: UInt16, Sendable {
    case hello = 1
    case region = 2
    case forget = 3
    case run = 4
    case cancel = 5
    case room = 6
    case noRoom = 7
    case taken = 8
    case callAnswered = 9
    case callRefused = 10
    case stop = 11
  }

  /// What a worker says.
  package enum FromWorker: UInt16, Sendable {
    case ready = 65
    case unloadable = 66
    case outputs = 67
    case rowFailed = 68
    case done = 69
    case failed = 70
    case grow = 71
    case metric = 72
    case call = 73
    case continued = 74
  }

  /// Where a region's tensors begin; the bytes before them are for the run itself.
  package static let regionHeadBytes = 64
  /// Where in an input region's head it says that nobody wants the answer, and that the worker has begun.
  package static let cancelledOffset = 0
  package static let begunOffset = 4
  /// Most bytes of one message.
  package static let messageBytesMax = 64 << 10
  /// Most bytes of a message and of those that it continues.
  package static let continuedBytesMax = 4 << 20
}
