import FrontSupport
import Glibc
import Inference
import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport

@testable import FrontFixture
@testable import HTTPFront

/// One for all inputs; libFuzzer has one thread.
nonisolated(unsafe) private let front: FrontFixture = {
  do {
    return try FrontFixture {
      $0.limits.bodyBytesMax = 1 << 20
      $0.limits.headerBytesMax = 2 << 10
    }
  } catch {
    fatalError("no front: \(error)")
  }
}()

/// Bytes of a connection are answered alike, however the network cuts them; every answer is one of
/// HTTP, nothing is held of a body once its connection has gone.
func fuzzHTTP(_ bytes: UnsafeRawBufferPointer) {
  guard let (choice, stream) = choice(bytes) else { return }
  let whole = statuses(of: stream, piece: max(1, stream.count))
  let pieces = statuses(of: stream, piece: 1 + Int(choice))
  require(whole == pieces, "one piece: \(whole), several: \(pieces)")
}

private func statuses(of stream: UnsafeRawBufferPointer, piece: Int) -> [Int] {
  do {
    front.observer.forget()
    let connection = try FrontFixture(beside: front)
    var answer: [UInt8] = []
    inPieces(stream, of: piece) { bytes in
      _ = try? connection.channel.writeInbound(ByteBuffer(bytes: bytes))
      answer += settled(connection)
    }
    connection.hangUp()
    answer += connection.receivedBytes()
    require(connection.shared.collectedBytes.byteCount == 0, "nothing is held for nobody")
    let statuses = statuses(in: answer)
    let answerCount = statuses.filter { $0 >= 200 }.count
    require(answerCount <= front.observer.records.count, "every answer has its record")
    return statuses
  } catch {
    fatalError("no connection: \(error)")
  }
}

/// What has come once no worker owes an answer any more.
private func settled(_ connection: FrontFixture) -> [UInt8] {
  var bytes = connection.receivedBytes()
  let handler = try? connection.channel.pipeline.syncOperations.handler(type: HTTPConnection.self)
  guard let handler else { return bytes }
  let isSettled = eventually {
    bytes += connection.receivedBytes()
    return handler.state.phase != .answering
  }
  require(isSettled, "an answer comes within seconds")
  return bytes
}

/// The statuses of all answers, in their order.
private func statuses(in answer: [UInt8]) -> [Int] {
  let version = Array("HTTP/1.1 ".utf8)
  require(answer.isEmpty || answer.starts(with: version), "an answer begins with its version")
  var statuses: [Int] = []
  for place in answer.indices where answer[place...].starts(with: version) {
    let digits = answer[(place + version.count)...].prefix(3)
    guard let status = Int(String(decoding: digits, as: UTF8.self)) else { continue }
    require((100...599).contains(status), "\(status) is a status")
    statuses.append(status)
  }
  return statuses
}

/// What is unpacked keeps to the limit, and comes out of our own packing unchanged.
func fuzzUnpacking(_ bytes: UnsafeRawBufferPointer) {
  guard let (choice, packed) = choice(bytes) else { return }
  let coding: ContentCoding = choice & 1 == 0 ? .gzip : .deflate
  let bytesMax = 1 << 18
  do throws(InferenceFailure) {
    let plain = try Unpacking.unpack(ByteBuffer(bytes: packed), coding, byteCountMax: bytesMax)
    require(plain.readableBytes <= bytesMax, "\(plain.readableBytes) bytes are within the limit")
    let answer = Answer(status: 200, contentType: Answer.json, body: plain)
    let again = try Unpacking.unpack(
      Packing.pack(answer, coding).body, coding, byteCountMax: bytesMax)
    require(again == plain, "packed and unpacked again, it is the same")
  } catch {
    requireSentence(error)
  }
}

/// Decoded text, encoded and decoded again, is the same; a route is found from its own path.
func fuzzRoute(_ bytes: UnsafeRawBufferPointer) {
  let target = String(decoding: bytes, as: UTF8.self)
  if let text = PercentEncoding.decode(target[...]) {
    require(PercentEncoding.decode(encoded(text)[...]) == text, "\(text.debugDescription) stays")
  }
  if let pairs = PercentEncoding.pairs(in: target) {
    let query = pairs.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
    let again = PercentEncoding.pairs(in: query) ?? []
    require(again.map(\.name) == pairs.map(\.name), "the names of \(query) stay")
    require(again.map(\.value) == pairs.map(\.value), "the values of \(query) stay")
  }
  _ = AcceptedCoding.choice(from: target)
  guard let route = Route(target: target) else { return }
  require(route.path.hasPrefix("/"), "\(route.path) begins at the root")
  var memory = Route.Memory()
  let remembered = memory.route(for: target, method: .GET)
  require(remembered?.path == route.path, "a remembered route is the route")
  requireSentence(.modelNotFound(route.address, known: []))
  requireSentence(.unsupported(.path(route.path)))
}

private func encoded(_ text: String) -> String {
  text.utf8.map { byte in
    let digits = String(byte, radix: 16)
    return "%" + (digits.count == 1 ? "0" : "") + digits
  }.joined()
}
