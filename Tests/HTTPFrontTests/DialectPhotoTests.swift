import Foundation
import FrontSupport
import Inference
import NIOCore
import PhotoSamples
import TestSupport
import Testing

@testable import HTTPFront

/// A photo gets its answer wherever a dialect carries bytes.
@Suite(.timeLimit(.minutes(1))) struct DialectPhotoTests {
  private let photo = PhotoSamples.fixture("colour-420.jpg")

  private func ask(
    _ method: String, _ path: String, _ body: [UInt8], _ headers: String = "",
    on given: FrontFixture? = nil
  ) throws -> String {
    let front = try given ?? FrontFixture(model: OneBoxModel())
    let head =
      "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
      + headers + "\r\n"
    return String(decoding: front.ask(Array(head.utf8) + body), as: UTF8.self)
  }

  private var encoded: String { Data(photo).base64EncodedString() }

  @Test func `TorchServe's address takes what curl uploads and answers as its detector does`()
    throws
  {
    let front = try FrontFixture(model: OneBoxModel())
    let answer = try ask("PUT", "/predictions/echo", photo, on: front)
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix(#"[{"cat":["#))
    #expect(answer.body.hasSuffix(#"],"score":0.75}]"#))
    #expect(front.observer.records.first?.context.dialect == .torchServe)
  }

  @Test func `several photos as instances have an answer each, in their order`() throws {
    let body = #"{"instances":[{"b64":"\#(encoded)"},{"image_bytes":{"b64":"\#(encoded)"}}]}"#
    let answer = try ask("POST", "/v1/models/echo:predict", Array(body.utf8))
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix(#"{"predictions":[{"model_name":"echo""#))
    #expect(answer.body.components(separatedBy: #""label":"cat""#).count == 3)
  }

  @Test func `parameters beside the photos hold for all of them`() throws {
    let body = #"{"instances":[{"b64":"\#(encoded)"}],"parameters":{"confidence":0.9}}"#
    let answer = try ask("POST", "/v1/models/echo:predict", Array(body.utf8))
    #expect(answer.status == 200)
    #expect(answer.body.contains(#""detections":[]"#))
  }

  @Test(arguments: [
    ("/invocations", "Content-Type: image/jpeg\r\n"), ("/predict", "Content-Type: image/jpeg\r\n"),
    ("/models/echo/invoke", "Content-Type: application/x-image\r\n"), ("/predict", ""),
  ])
  func `a photo as the body`(path: String, headers: String) throws {
    let answer = try ask("POST", path, photo, headers)
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix(#"{"model_name":"echo""#))
    #expect(answer.body.contains(#""label":"cat""#))
  }

  @Test func `a photo in a form, under whatever name has a file`() throws {
    let form =
      Array("--x\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a.jpg\"\r\n\r\n".utf8)
      + photo + Array("\r\n--x--\r\n".utf8)
    let answer = try ask(
      "POST", "/predictions/echo", form, "Content-Type: multipart/form-data; boundary=x\r\n")
    #expect(answer.status == 200)
    #expect(answer.body.contains("cat"))
  }

  /// Photos of a form wait for each other, and the form for all of them.
  @Test func `a form counts as what it was unpacked to while its photos wait`() throws {
    let front = try FrontFixture(model: OneBoxModel()) { $0.limits.collectedBytesMax = 100_000 }
    func form(_ padding: Int) -> [UInt8] {
      let head = "--x\r\nContent-Disposition: form-data; name=\"pic\"; filename=\"a\"\r\n\r\n"
      let plain =
        Array(head.utf8) + photo + Array("\r\n--x--\r\n".utf8)
        + [UInt8](repeating: 32, count: padding)
      let answer = Answer(status: 200, contentType: nil, bytes: plain)
      return Array(Packing.pack(answer, .gzip).body.readableBytesView)
    }
    let headers = "Content-Encoding: gzip\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    #expect(try ask("POST", "/predictions/echo", form(0), headers, on: front).status == 200)
    let large = form(500_000)
    #expect(large.count < 60_000)
    #expect(try ask("POST", "/predictions/echo", large, headers, on: front).status == 503)
    #expect(front.shared.collectedBytes.byteCount == 0)
  }

  @Test func `LitServe's input as a photo`() throws {
    let body = #"{"input":{"b64":"\#(encoded)"}}"#
    let answer = try ask(
      "POST", "/predict", Array(body.utf8), "Content-Type: application/json\r\n")
    #expect(answer.status == 200)
    #expect(answer.body.hasPrefix(#"{"output":[{"model_name""#))
  }

  @Test func `a V2 tensor of bytes in base64, as MLServer's clients say it`() throws {
    let body =
      #"{"id":"7","inputs":[{"name":"images","shape":[1],"datatype":"BYTES","#
      + #""parameters":{"content_type":"base64"},"data":["\#(encoded)"]}]}"#
    let answer = try ask("POST", "/v2/models/echo/infer", Array(body.utf8))
    #expect(answer.status == 200)
    #expect(answer.body.contains(#""id":"7""#))
    #expect(
      answer.body.contains(#"{"name":"labels","datatype":"BYTES","shape":[1],"data":["cat"]}"#))
    #expect(answer.body.contains(#"{"name":"boxes","datatype":"FP32","shape":[1,4]"#))
  }

  @Test(arguments: [1, 40, 4_096])
  func `a V2 tensor of bytes behind the JSON, in reads of any size`(partBytes: Int) throws {
    let json =
      #"{"inputs":[{"name":"images","shape":[1],"datatype":"BYTES","parameters":"#
      + #"{"binary_data_size":\#(photo.count + 4)}}],"outputs":[{"name":"scores"}]}"#
    let length = withUnsafeBytes(of: UInt32(photo.count).littleEndian) { Array($0) }
    let body = Array(json.utf8) + length + photo
    let front = try FrontFixture(model: OneBoxModel())
    let head =
      "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
      + "Inference-Header-Content-Length: \(json.utf8.count)\r\n\r\n"
    front.send(head)
    var rest = body[...]
    while rest.count > partBytes {
      front.send(Array(rest.prefix(partBytes)))
      rest = rest.dropFirst(partBytes)
    }
    let answer = String(decoding: front.ask(Array(rest)), as: UTF8.self)
    #expect(answer.status == 200)
    #expect(
      answer.body.contains(#"[{"name":"scores","datatype":"FP32","shape":[1],"data":[0.75]}]"#))
  }

  @Test func `what is no photo is refused in the dialect's own form`() throws {
    let torch = try ask(
      "POST", "/predictions/echo", Array("GIF89a no photo".utf8), "Content-Type: image/gif\r\n")
    #expect(torch.status == 400)
    #expect(torch.body.contains(#""type":"BadRequestException""#))
    let kserve = try ask(
      "POST", "/v1/models/echo:predict", Array(#"{"instances":[{"b64":"AAAA"}]}"#.utf8))
    #expect(kserve.status == 400)
    #expect(kserve.body.hasPrefix(#"{"error":"#))
  }

  @Test func `a model without photos takes none`() throws {
    let front = try FrontFixture()
    let answer = try ask(
      "POST", "/predictions/echo", photo, "Content-Type: image/jpeg\r\n", on: front)
    #expect(answer.status == 415)
  }
}
