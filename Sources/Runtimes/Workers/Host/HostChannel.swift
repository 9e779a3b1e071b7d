import CWorkers
import Glibc
import Inference
import Synchronization

/// The worker's end of the channel, in a worker that is this program.
///
/// One thread reads; any may write.
final class HostChannel: Sendable {
  private let socket: Int32
  private let regions = Guarded<[UInt32: HostRegion]>([:])
  private let writer = Guarded(MessageWriter())

  /// A message, and the number and request of its head.
  struct Message {
    let kind: MessageKind.ToWorker
    let part: UInt32
    let request: UInt64
    /// After the head.
    let rest: [UInt8]
  }

  init(socket: Int32) { self.socket = socket }

  /// The next message that is not about memory; `nil` where the server is gone.
  func receive() -> Message? {
    var bytes = [UInt8](repeating: 0, count: MessageKind.messageBytesMax)
    while true {
      var file: Int32 = -1
      let count = apus_receive_descriptor(socket, &bytes, bytes.count, &file)
      guard count > 0 else { return nil }
      defer { if file >= 0 { close(file) } }
      do throws(MalformedMessage) {
        let message = try Self.head(Array(bytes[..<count]))
        switch message.kind {
        case .region: map(message, file)
        case .forget: regions.withLock { _ = $0.removeValue(forKey: message.part) }
        default: return message
        }
      } catch {
        return nil
      }
    }
  }

  private static func head(_ bytes: [UInt8]) throws(MalformedMessage) -> Message {
    var kind: UInt16 = 0
    var part: UInt32 = 0
    var request: UInt64 = 0
    try bytes.read { (reader) throws(MalformedMessage) in
      kind = try reader.number()
      _ = try reader.number(UInt16.self)
      part = try reader.number()
      request = try reader.number()
    }
    guard let known = MessageKind.ToWorker(rawValue: kind) else {
      throw MalformedMessage("there is no message \(kind)")
    }
    return Message(kind: known, part: part, request: request, rest: Array(bytes[16...]))
  }

  private func map(_ message: Message, _ file: Int32) {
    var found = stat()
    guard file >= 0, fstat(file, &found) == 0 else { return }
    let size = Int(found.st_size)
    guard
      let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), base != MAP_FAILED
    else { return }
    regions.withLock { $0[message.part] = HostRegion(base: base, byteCount: size) }
  }

  func region(_ number: UInt32) -> HostRegion? { regions.withLock { $0[number] } }

  /// Sends what `write` writes; a server that is gone hears nothing.
  func send(
    _ kind: MessageKind.FromWorker, part: UInt32 = 0, request: UInt64 = 0,
    _ write: (inout MessageWriter) -> Void = { _ in }
  ) {
    writer.withLock { writer in
      writer.begin(kind.rawValue, part: part, request: request)
      write(&writer)
      guard writer.bytes.count > MessageKind.messageBytesMax else { return send(writer.bytes) }
      for part in ContinuedMessage.parts(of: writer.bytes) { send(part) }
    }
  }

  private func send(_ bytes: [UInt8]) {
    while apus_send(socket, bytes, bytes.count, -1) == EAGAIN {
      var file = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
      _ = poll(&file, 1, -1)
    }
  }
}

/// Memory that the server shares with us.
final class HostRegion: @unchecked Sendable {
  // Constant; what lies there is ordered by the messages about it.
  let base: UnsafeMutableRawPointer
  let byteCount: Int

  init(base: UnsafeMutableRawPointer, byteCount: Int) {
    self.base = base
    self.byteCount = byteCount
  }

  deinit { munmap(base, byteCount) }
}

extension [UInt8] {
  /// Reads fields from the beginning.
  func read<Result>(
    _ body: (inout MessageReader) throws(MalformedMessage) -> Result
  ) throws(MalformedMessage) -> Result {
    let result = withUnsafeBytes { bytes -> Swift.Result<Result, MalformedMessage> in
      var reader = MessageReader(bytes)
      do throws(MalformedMessage) {
        return .success(try body(&reader))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
