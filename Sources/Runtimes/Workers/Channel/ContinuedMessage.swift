import Inference

/// A message that is longer than one may be, while it comes: each of its parts but the last is a message
/// `continued`. Only what a worker says of its model becomes as long, by the names of many columns.
struct ContinuedMessage: Sendable {
  /// Bytes of a message before its fields.
  private static let headBytes = 16
  private var fields: [UInt8] = []

  /// The whole message with the one at hand, empty where that is whole by itself; `nil` where it goes on.
  mutating func take(_ bytes: UnsafeRawBufferPointer) throws(MalformedMessage) -> [UInt8]? {
    let isContinued =
      bytes.count >= Self.headBytes
      && UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))
        == MessageKind.FromWorker.continued.rawValue
    guard isContinued || !fields.isEmpty else { return [] }
    guard bytes.count >= Self.headBytes else { throw MalformedMessage("it ends too early") }
    guard fields.count + bytes.count <= MessageKind.continuedBytesMax else {
      throw MalformedMessage(
        "its parts are more than \(MessageKind.continuedBytesMax) bytes together")
    }
    fields.append(contentsOf: bytes[Self.headBytes...])
    if isContinued { return nil }
    defer { fields = [] }
    return Array(bytes[..<Self.headBytes]) + fields
  }

  /// The messages that carry one, of the same head; one alone where that is short enough.
  static func parts(of message: [UInt8]) -> [[UInt8]] {
    guard message.count > MessageKind.messageBytesMax else { return [message] }
    let head = message[..<headBytes]
    let step = MessageKind.messageBytesMax - headBytes
    var continuing = head
    withUnsafeBytes(of: MessageKind.FromWorker.continued.rawValue.littleEndian) {
      continuing.replaceSubrange(0..<2, with: $0)
    }
    return stride(from: headBytes, to: message.count, by: step).map { start in
      let end = min(start + step, message.count)
      return Array(end == message.count ? head : continuing) + message[start..<end]
    }
  }
}
