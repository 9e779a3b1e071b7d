import FrontSupport
import Inference
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct PackingTests {
  private let path = "/v2/models/echo/infer"

  private func packed(_ text: String, _ coding: ContentCoding) -> [UInt8] {
    let answer = Answer(status: 200, contentType: nil, bytes: Array(text.utf8))
    return Array(Packing.pack(answer, coding).body.readableBytesView)
  }

  private func send(
    _ front: FrontFixture, _ body: [UInt8], coding: String
  ) -> [UInt8] {
    let head =
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
      + "Content-Encoding: \(coding)\r\n\r\n"
    return front.ask(Array(head.utf8) + body)
  }

  @Test(arguments: ["gzip", "x-gzip", "GZIP", "deflate"])
  func `takes packed bodies`(_ coding: String) throws {
    let front = try FrontFixture()
    let body = packed(oneNumber, coding == "deflate" ? .deflate : .gzip)
    let answer = String(decoding: send(front, body, coding: coding), as: UTF8.self)
    #expect(answer.status == 200)
    #expect(answer.body.contains("[1.5]"))
  }

  @Test func `takes bare deflate, which some clients mean by it`() throws {
    let zlib = packed(oneNumber, .deflate)
    let plain = try Unpacking.unpack(
      ByteBuffer(bytes: zlib.dropFirst(2).dropLast(4)), .deflate, byteCountMax: 1_000)
    #expect(String(buffer: plain) == oneNumber)
  }

  @Test func `takes gzip of several members`() throws {
    let both = packed("one ", .gzip) + packed("two", .gzip)
    let plain = try Unpacking.unpack(ByteBuffer(bytes: both), .gzip, byteCountMax: 1_000)
    #expect(String(buffer: plain) == "one two")
  }

  @Test func `refuses what would unpack to more than the limit`() throws {
    let front = try FrontFixture { $0.limits.bodyBytesMax = 100_000 }
    let bomb = packed(String(repeating: " ", count: 10_000_000), .gzip)
    #expect(bomb.count < 100_000)
    let answer = String(decoding: send(front, bomb, coding: "gzip"), as: UTF8.self)
    #expect(answer.status == 413)
    #expect(front.get("/livez").status == 200)
  }

  @Test func `refuses half a stream and no stream`() throws {
    let front = try FrontFixture()
    let half = Array(packed(oneNumber, .gzip).dropLast(12))
    #expect(String(decoding: send(front, half, coding: "gzip"), as: UTF8.self).status == 400)
    let none = Array("hello there".utf8)
    #expect(String(decoding: send(front, none, coding: "deflate"), as: UTF8.self).status == 400)
  }

  @Test func `refuses codings that it does not know, before the body comes`() throws {
    let front = try FrontFixture()
    #expect(front.post(path, oneNumber, "Content-Encoding: br\r\n").status == 415)
    #expect(front.post(path, oneNumber, "Content-Encoding: gzip, gzip\r\n").status == 415)
    #expect(front.post(path, oneNumber, "Content-Encoding: identity\r\n").status == 200)
  }

  @Test(arguments: [300, 60_000])
  func `packs an answer for whoever asks`(_ count: Int) throws {
    let front = try FrontFixture()
    let numbers = Array(repeating: "0.125", count: count).joined(separator: ",")
    let body =
      #"{"inputs":[{"name":"INPUT0","shape":[\#(count)],"datatype":"FP32","data":["# + numbers
      + "]}]}"
    front.send(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
        + "Accept-Encoding: gzip;q=0.5, br\r\n\r\n")
    _ = try front.channel.writeInbound(ByteBuffer(string: body))
    let bytes = front.awaitBytes()
    let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    #expect(head.header("Content-Encoding") == "gzip")
    #expect(head.header("Vary") == "Accept-Encoding")
    let plain = try Unpacking.unpack(
      ByteBuffer(bytes: bytes[end.upperBound...]), .gzip, byteCountMax: 1 << 20)
    #expect(String(buffer: plain).hasSuffix(numbers + "]}]}"))
  }

  @Test func `leaves small answers, and answers to others, as they are`() throws {
    let front = try FrontFixture()
    #expect(
      front.post(path, oneNumber, "Accept-Encoding: gzip\r\n").header("Content-Encoding") == nil)
  }

  @Test(arguments: [
    ("gzip", ContentCoding.gzip), ("deflate", .deflate), ("gzip, deflate", .gzip),
    ("gzip;q=0.1, deflate;q=0.9", .deflate), ("*", .gzip), ("GZIP", .gzip),
  ])
  func `chooses a coding`(_ text: String, _ expected: ContentCoding) {
    #expect(AcceptedCoding.choice(from: text) == expected)
  }

  @Test(arguments: ["", "br", "identity", "gzip;q=0", "gzip;q=0.2, identity", "*;q=0"])
  func `chooses none`(_ text: String) {
    #expect(AcceptedCoding.choice(from: text) == nil)
  }
}
