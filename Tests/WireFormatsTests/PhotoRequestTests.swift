import Inference
import Testing
import WireFormats

@Suite struct PhotoRequestTests {
  private func read(
    _ body: String, _ contentType: String?
  ) -> Result<(photo: [UInt8], parameters: [Parameter]), InputProblem> {
    let bytes = Array(body.utf8)
    return bytes.withUnsafeBytes { raw in
      Result { () throws(InputProblem) in
        let request = try PhotoRequest.read(raw, contentType: contentType)
        switch request.photo {
        case .inBody(let range): return (Array(bytes[range]), request.parameters)
        case .decoded(let photo): return (photo, request.parameters)
        }
      }
    }
  }

  @Test(arguments: [
    nil, "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded",
  ])
  func `any other body is the photo itself`(_ contentType: String?) throws {
    #expect(try read("photo", contentType).get().photo == Array("photo".utf8))
    #expect(read("", contentType).failure == .noImage(fields: ["image", "file", "data"]))
  }

  @Test(arguments: [
    ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
    ("Zm9vYmFy", "foobar"), (#"Pz8\/"#, "???"),
  ])
  func `JSON carries the photo in base64`(_ text: String, _ photo: String) throws {
    let body = #"{"parameters":{"iou":0.5,"multi_label":true},"image":{"b64":"\#(text)"}}"#
    let request = try read(body, "application/json; charset=utf-8").get()
    #expect(request.photo == Array(photo.utf8))
    #expect(
      request.parameters == [
        Parameter(name: "iou", value: .number(0.5)),
        Parameter(name: "multi_label", value: .bool(true)),
      ])
  }

  @Test(arguments: [
    ("Zg", 2), ("Zg=", 3), ("Zm9v Yg==", 9), ("Zm9*", 0), ("Zm9vZ===", 4), ("====", 0), ("Zh==", 0),
    ("Zm9=", 0), ("Zg==Zm9v", 0), ("Zm9vZ=g=", 4), ("Zm9-", 0),
  ])
  func `base64 that is not strict is refused`(_ text: String, _ offset: Int) throws {
    let failure = try #require(read(#"{"image":{"b64":"\#(text)"}}"#, "application/json").failure)
    guard case .syntax(.base64, _, let byteOffset) = failure else {
      Issue.record("\(failure)")
      return
    }
    #expect(byteOffset == offset)
  }

  @Test(
    arguments: [
      ("[]", .fieldOfWrongKind("the body", expected: "an object")),
      ("{}", .missingField("image")),
      (#"{"image":"x"}"#, .fieldOfWrongKind("image", expected: #"an object with "b64""#)),
      (#"{"image":{}}"#, .missingField("image.b64")),
      (#"{"image":{"b64":""}}"#, .missingField("image.b64")),
      (#"{"image":{"b64":7}}"#, .fieldOfWrongKind("image.b64", expected: "a string")),
      (
        #"{"image":{"url":"http://x"}}"#,
        .fieldOfWrongKind("image", expected: #"{"b64": "..."} and nothing else"#)
      ),
      (
        #"{"url":"x"}"#, .fieldOfWrongKind("url", expected: "left out: known are image, parameters")
      ),
      (
        #"{"image":{"b64":"Zg=="},"parameters":{"iou":[]}}"#,
        .parameter("iou", expected: "a string, a number, true or false", got: "an array")
      ),
    ] as [(String, InputProblem)])
  func `JSON that is wrong is refused with what is wrong`(_ text: String, _ problem: InputProblem) {
    #expect(read(text, "application/json").failure == problem)
  }

  private func form(_ parts: String) -> String { parts.replacing("\n", with: "\r\n") }

  @Test(arguments: ["image", "file", "data"])
  func `a form carries the photo and parameters`(_ field: String) throws {
    let body = form(
      """
      a preamble of no interest
      --b0
      Content-Disposition: form-data; name="\(field)"; filename="x; \\"y\\".jpg"
      Content-Type: image/jpeg

      ph--b0
      oto--
      --b0  \t
      content-disposition: FORM-DATA; name=iou

      0.6
      --b0--
      an epilogue
      """)
    let request = try read(body, #"Multipart/Form-Data; charset=x; boundary="b0""#).get()
    #expect(request.photo == Array("ph--b0\r\noto--".utf8))
    #expect(request.parameters == [Parameter(name: "iou", value: .string("0.6"))])
  }

  @Test(arguments: [
    ("", "no boundary at all"),
    ("--c\n\n", "another boundary"),
    ("--b\nContent-Disposition: form-data; name=\"image\"\n\nphoto", "no closing boundary"),
    ("--b\nContent-Disposition: form-data\n\nphoto\n--b--", "no name"),
    ("--b\nContent-Disposition: attachment; name=\"image\"\n\nphoto\n--b--", "no form data"),
    ("--b\nContent-Type: image/png\n\nphoto\n--b--", "no disposition"),
    ("--b\nno header\n\nphoto\n--b--", "no header line"),
    ("--bContent-Disposition: form-data; name=\"image\"\n\nphoto\n--b--", "no line end"),
    (
      "--b\nContent-Disposition: form-data; name=image\nContent-Transfer-Encoding: base64\n\nZg==\n--b--",
      "an encoding"
    ),
    ("--b\nContent-Disposition: form-data; name=image", "headers cut off"),
  ])
  func `a form that is malformed is refused`(_ parts: String, _ why: String) throws {
    let failure = try #require(read(form(parts), "multipart/form-data; boundary=b").failure)
    guard case .syntax(.multipart, _, _) = failure else {
      Issue.record("\(why): \(failure)")
      return
    }
  }

  @Test func `a form without a photo, or with two, is refused`() {
    let iou = "--b\nContent-Disposition: form-data; name=\"iou\"\n\n1\n"
    let photo = "--b\nContent-Disposition: form-data; name=\"file\"\n\nphoto\n"
    let type = "multipart/form-data; boundary=b"
    #expect(
      read(form(iou + "--b--"), type).failure == .noImage(fields: ["image", "file", "data"]))
    #expect(read(form("--b--"), type).failure == .noImage(fields: ["image", "file", "data"]))
    #expect(
      read(form(photo + photo + "--b--"), type).failure
        == .fieldOfWrongKind("file", expected: "the only photo of the form"))
  }

  @Test func `parts and their headers are bounded`() {
    let part = "--b\nContent-Disposition: form-data; name=\"p\"\n\n1\n"
    let many = form(String(repeating: part, count: 101) + "--b--")
    #expect(read(many, "multipart/form-data; boundary=b").failure != nil)
    let long = form("--b\nX: " + String(repeating: "y", count: 9_000) + "\n\n1\n--b--")
    #expect(read(long, "multipart/form-data; boundary=b").failure != nil)
    let value = String(repeating: "1", count: 1_025)
    let parameter = form("--b\nContent-Disposition: form-data; name=\"p\"\n\n\(value)\n--b--")
    #expect(
      read(parameter, "multipart/form-data; boundary=b").failure
        == .parameter("p", expected: "text of at most 1024 bytes", got: "1025 bytes"))
  }

  @Test(arguments: [
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=\"é\"",
    "multipart/form-data; boundary=" + String(repeating: "x", count: 71),
  ])
  func `a form without a usable boundary is refused`(_ contentType: String) {
    #expect(
      read("x", contentType).failure
        == .framing("Content-Type multipart/form-data needs a boundary of 1 to 70 characters"))
  }
}
