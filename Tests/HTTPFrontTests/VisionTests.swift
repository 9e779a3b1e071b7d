import Inference
import PhotoSamples
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct VisionTests {
  private let path = "/v2/models/echo/detect"

  private func front() throws -> FrontFixture { try FrontFixture(model: OneBoxModel()) }

  private func send(
    _ front: FrontFixture, _ path: String, _ body: [UInt8], _ headers: String = ""
  ) -> [UInt8] {
    let head =
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.count)\r\n"
      + headers + "\r\n"
    return front.ask(Array(head.utf8) + body)
  }

  private func sendText(
    _ front: FrontFixture, _ path: String, _ body: [UInt8], _ headers: String = ""
  ) -> String { String(decoding: send(front, path, body, headers), as: UTF8.self) }

  /// A JPEG.
  private let photo = PhotoSamples.fixture("colour-420.jpg")

  @Test func `finds boxes in a photo`() throws {
    let front = try front()
    let answer = sendText(front, path, photo, "Content-Type: image/jpeg\r\n")
    #expect(answer.status == 200)
    #expect(answer.body.contains(#""label":"cat","class_id":0,"score":0.75"#))
    for stage in ["read", "decode", "preprocess", "queue", "compute", "postprocess", "total"] {
      #expect(answer.body.contains("\"\(stage)\":"))
    }
    let record = try #require(front.observer.records.first)
    #expect(record.context.dialect == .vision && record.isInference)
  }

  @Test func `takes parameters from the query, a form and JSON, the body before the query`() throws
  {
    let front = try front()
    let none = sendText(front, path + "?confidence=0.9", photo)
    #expect(none.body.contains(#""detections":[]"#))
    let boundary = "Content-Type: multipart/form-data; boundary=x\r\n"
    let form =
      Array(
        "--x\r\nContent-Disposition: form-data; name=\"confidence\"\r\n\r\n0.5\r\n--x\r\n"
          .utf8)
      + Array("Content-Disposition: form-data; name=\"image\"; filename=\"a.jpg\"\r\n\r\n".utf8)
      + photo + Array("\r\n--x--\r\n".utf8)
    let some = sendText(front, path + "?confidence=0.9", form, boundary)
    #expect(some.body.contains("cat"))
  }

  @Test func `draws on the photo for whoever asks for one`() throws {
    let front = try front()
    let bytes = send(front, path, photo, "Accept: image/jpeg\r\n")
    let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    #expect(head.header("Content-Type") == "image/jpeg")
    #expect(Array(bytes[end.upperBound...].prefix(3)) == [0xFF, 0xD8, 0xFF])
  }

  @Test(arguments: ["confidence=2", "colour=red", "confidence=%zz"])
  func `refuses parameters that make no sense before the photo comes`(_ query: String) throws {
    let front = try front()
    #expect(front.post(path + "?" + query, "x").status == 400)
  }

  @Test func `answers 400 to what is not a photo and to half a photo`() throws {
    let front = try front()
    #expect(sendText(front, path, Array("hello".utf8)).status == 400)
    #expect(sendText(front, path, Array(photo.prefix(photo.count / 2))).status == 400)
    #expect(sendText(front, path, []).status == 400)
  }

  @Test func `refuses a task that the model does not have`() throws {
    let front = try front()
    let answer = front.post("/v2/models/echo/classify", "x")
    #expect(answer.status == 400)
    #expect(answer.body.contains("detect"))
  }

  @Test func `says in the metadata what the model does with photos`() throws {
    let metadata = try front().get("/v2/models/echo").body
    #expect(metadata.contains(#""task":"detect""#))
    #expect(metadata.contains(#""image_width":"32""#))
  }
}

/// A detector that always finds one cat.
final class OneBoxModel: ComputingModel {
  let signature = ModelSignature(
    inputs: [
      TensorDescription(
        name: "images", datatype: .float32,
        dimensions: [.fixed(1), .fixed(3), .fixed(32), .fixed(32)])
    ],
    outputs: [
      TensorDescription(
        name: "output0", datatype: .float32, dimensions: [.fixed(1), .fixed(300), .fixed(6)])
    ], hasRowAxis: true, metadata: ["task": "detect", "names": "{0: 'cat'}"])
  let capabilities = ModelCapabilities()
  let footprintByteCount = 0
  let platformName = "fake"

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance { Instance() }

  private final class Instance: ModelInstance {
    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      var rows = [Float](repeating: 0, count: 1_800)
      rows.replaceSubrange(0..<6, with: [4, 4, 20, 20, 0.75, 0])
      emit(.outputs(rows: 0..<1, [Tensor(rows, datatype: .float32, shape: [1, 300, 6])]))
    }
  }
}
