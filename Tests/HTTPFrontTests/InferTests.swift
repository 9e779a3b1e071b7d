import FrontSupport
import Inference
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct InferTests {
  private let path = "/v2/models/echo/infer"

  @Test func `answers small JSON within the same read`() throws {
    let front = try FrontFixture()
    let answer = front.post(path, oneNumber)
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == "application/json")
    #expect(answer.body.contains(#""model_name":"echo""#))
    #expect(answer.body.contains(#""data":[1.5]"#))
    #expect(answer.header("Content-Length") == "\(answer.body.utf8.count)")
  }

  @Test func `fills in the record of a request`() throws {
    let front = try FrontFixture()
    _ = front.post(path, oneNumber, "User-Agent: test/1\r\n")
    let record = try #require(front.observer.records.first)
    #expect(front.observer.records.count == 1)
    #expect(record.isInference && record.outcome == .success && record.statusCode == 200)
    #expect(record.model == "echo" && record.served.version == 1)
    #expect(record.operation == "POST /v2/models/echo/infer")
    #expect(record.clientName == "test/1")
    #expect(record.context.caller.name == "127.0.0.1")
    #expect(record.requestByteCount == oneNumber.utf8.count)
    #expect(record.responseByteCount > 0)
    let instants = [
      record.context.arrival, record.bodyRead, record.decoded, record.served.admitted,
      record.served.started, record.served.computed, record.encoded, record.written,
    ]
    #expect(instants == instants.sorted() && instants[0] != .never)
  }

  @Test func `does not use an unknown model's name as a label`() throws {
    let front = try FrontFixture()
    #expect(front.post("/v2/models/nobody/infer", oneNumber).status == 404)
    #expect(front.observer.records.first?.model == "")
    #expect(front.observer.records.first?.outcome == .invalid)
  }

  @Test(arguments: [
    "{", "[]", #"{"inputs":[]}"#,
    #"{"inputs":[{"name":"X","shape":[1],"datatype":"FP32","data":[1]}]}"#,
    #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[NaN]}]}"#,
    #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1e400]}]}"#,
    String(repeating: "[", count: 1_000),
  ])
  func `answers 400 to a wrong body and goes on`(_ body: String) throws {
    let front = try FrontFixture()
    let answer = front.post(path, body)
    #expect(answer.status == 400)
    #expect(answer.body.hasPrefix(#"{"error":""#))
    #expect(front.post(path, oneNumber).status == 200)
  }

  @Test func `decodes and encodes large JSON off the loop`() throws {
    let front = try FrontFixture()
    let numbers = Array(repeating: "0.125", count: 20_000).joined(separator: ",")
    let body =
      #"{"inputs":[{"name":"INPUT0","shape":[20000],"datatype":"FP32","data":["# + numbers + "]}]}"
    let head =
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    let answer = String(decoding: front.ask(Array((head + body).utf8)), as: UTF8.self)
    #expect(answer.status == 200)
    #expect(answer.body.hasSuffix(numbers + "]}]}"))
  }

  private func binaryRequest(_ count: Int) -> (head: String, body: [UInt8]) {
    let json =
      #"{"inputs":[{"name":"INPUT0","shape":[\#(count)],"datatype":"FP32","#
      + #""parameters":{"binary_data_size":\#(count * 4)}}],"#
      + #""outputs":[{"name":"OUTPUT0","parameters":{"binary_data":true}}]}"#
    let values = (0..<count).map { Float($0) }
    let body = Array(json.utf8) + values.withUnsafeBytes { Array($0) }
    let head =
      "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
      + "Inference-Header-Content-Length: \(json.utf8.count)\r\n\r\n"
    return (head, body)
  }

  @Test(arguments: [3, 100_000])
  func `gives binary tensors back, whatever the pieces in which they came`(_ count: Int) throws {
    let front = try FrontFixture()
    let (head, body) = binaryRequest(count)
    front.send(head)
    let step = max(1, body.count / 7)
    for start in stride(from: 0, to: body.count, by: step) {
      _ = try front.channel.writeInbound(
        ByteBuffer(bytes: body[start..<min(start + step, body.count)]))
    }
    let bytes = front.receivedBytes()
    #expect(Array(bytes.suffix(count * 4)) == Array(body.suffix(count * 4)))
    let text = String(decoding: bytes.prefix(600), as: UTF8.self)
    #expect(text.status == 200)
    #expect(text.header("Content-Type") == "application/octet-stream")
    let jsonByteCount = try #require(
      text.header("Inference-Header-Content-Length").flatMap(Int.init))
    #expect(text.header("Content-Length") == "\(jsonByteCount + count * 4)")
  }

  @Test func `sends large tensors without copying them and lets go of them`() throws {
    let storage = TensorStorage(byteCount: 1 << 20)
    storage.hostBytesForFilling?.initializeMemory(as: UInt8.self, repeating: 7)
    weak let released = storage
    var buffer: ByteBuffer?
    do {
      let tensor = Tensor(datatype: .uint8, shape: [1 << 20], storage: consume storage)
      buffer = AdoptedBytes.buffer(of: tensor)
      let sent = buffer?.withUnsafeReadableBytes { $0.baseAddress }
      #expect(sent == tensor.hostBytes?.baseAddress)
    }
    #expect(released != nil)
    // A change of the buffer makes a copy and leaves the tensor alone.
    var changed = buffer
    changed?.setInteger(UInt8(9), at: 0)
    #expect(buffer?.getInteger(at: 0, as: UInt8.self) == 7)
    #expect(changed?.getInteger(at: 0, as: UInt8.self) == 9)
    buffer = nil
    changed = nil
    #expect(released == nil)
  }

  @Test(arguments: ["-1", "x", "99999999999999999999", "500"])
  func `refuses a length of the JSON that cannot be`(_ length: String) throws {
    let front = try FrontFixture()
    let answer = front.post(path, oneNumber, "Inference-Header-Content-Length: \(length)\r\n")
    #expect(answer.status == 400)
  }

  @Test func `takes a raw tensor`() throws {
    let front = try FrontFixture()
    let bytes: [UInt8] = [0, 0, 128, 63]
    front.send(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
        + "Inference-Header-Content-Length: 0\r\n\r\n")
    _ = try front.channel.writeInbound(ByteBuffer(bytes: bytes))
    #expect(Array(front.receivedBytes().suffix(4)) == bytes)
  }

  @Test func `gives up what is late by the request's own word`() throws {
    let gate = Gate()
    let first = try FrontFixture(.gated(gate), isCheap: false)
    let second = try FrontFixture(beside: first)
    #expect(first.post(path, oneNumber) == "")
    #expect(eventually { gate.waiting == 1 })
    let hurried = oneNumber.dropLast() + #","parameters":{"timeout":1000}}"#
    var answer = second.post(path, String(hurried))
    if answer.isEmpty { answer = second.awaitAnswer() }
    #expect(answer.status == 504)
    gate.open()
    #expect(first.awaitAnswer().status == 200)
  }

  @Test func `says what a failing model said`() throws {
    let front = try FrontFixture(.failing(RuntimeFault(code: .failed, message: "no luck")))
    let answer = front.post(path, oneNumber)
    #expect(answer.status == 500)
    #expect(answer.body.contains("no luck"))
  }
}
