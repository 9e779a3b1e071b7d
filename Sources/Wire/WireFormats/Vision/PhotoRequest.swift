package import Inference

/// A photo and the parameters beside it, as the body of `/detect` or `/classify` carried them.
package struct PhotoRequest: Sendable {
  /// Where the photo's bytes are.
  package enum Photo: Sendable, Equatable {
    /// A range of the body itself.
    case inBody(Range<Int>)
    /// Decoded from text.
    case decoded([UInt8])
  }

  /// Names of form fields that may hold the photo; the first part of such a name is it.
  package static let photoFields = ["image", "file", "data"]
  /// The longest text that a parameter in a form may be.
  static let parameterBytesMax = 1 << 10

  package let photo: Photo
  /// In the order in which they came; which names there are, the task says.
  package let parameters: [Parameter]

  /// Reads a body by its content type: JSON, multipart form data, and else the photo itself.
  package static func read(
    _ body: UnsafeRawBufferPointer, contentType: String?
  ) throws(InputProblem) -> PhotoRequest {
    guard let contentType else { return try raw(body) }
    if let boundary = try MultipartForm.boundary(contentType: contentType) {
      return try form(body, boundary: boundary)
    }
    let isJSON = HeaderValue(contentType).value.lowercased() == "application/json"
    return isJSON ? try json(body) : try raw(body)
  }

  private static func raw(_ body: UnsafeRawBufferPointer) throws(InputProblem) -> PhotoRequest {
    guard !body.isEmpty else { throw .noImage(fields: photoFields) }
    return PhotoRequest(photo: .inBody(0..<body.count), parameters: [])
  }
}

extension PhotoRequest {
  private static func form(
    _ body: UnsafeRawBufferPointer, boundary: String
  ) throws(InputProblem) -> PhotoRequest {
    var photo: Range<Int>?
    var parameters: [Parameter] = []
    for part in try MultipartForm(parsing: body, boundary: boundary).parts {
      if photoFields.contains(part.name) {
        guard photo == nil else {
          throw .fieldOfWrongKind(part.name, expected: "the only photo of the form")
        }
        photo = part.content
      } else {
        parameters.append(try parameter(part, in: body))
      }
    }
    guard let photo, !photo.isEmpty else { throw .noImage(fields: photoFields) }
    return PhotoRequest(photo: .inBody(photo), parameters: parameters)
  }

  private static func parameter(
    _ part: MultipartForm.Part, in body: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Parameter {
    guard part.content.count <= parameterBytesMax,
      let text = String(validating: body[part.content], as: UTF8.self)
    else {
      throw .parameter(
        part.name, expected: "text of at most \(parameterBytesMax) bytes",
        got: "\(part.content.count) bytes")
    }
    return Parameter(name: part.name, value: .string(text))
  }

  /// `{"image": {"b64": "..."}, "parameters": {...}}`; other members are refused, because a `url`
  /// that is read over would leave the client wondering.
  private static func json(_ body: UnsafeRawBufferPointer) throws(InputProblem) -> PhotoRequest {
    var photo: [UInt8]?
    var parameters: [Parameter]?
    try JSONScanner.scanning(body, depthMax: JSONValue.depthMax) {
      (scanner) throws(InputProblem) in
      guard scanner.peek() == UInt8(ascii: "{") else {
        throw .fieldOfWrongKind("the body", expected: "an object")
      }
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        switch key {
        case "image":
          guard photo == nil else { throw .fieldOfWrongKind(key, expected: "given once") }
          photo = try readPhoto(&scanner)
        case "parameters":
          guard parameters == nil else { throw .fieldOfWrongKind(key, expected: "given once") }
          parameters = try OpenInferenceParameters.readAll(&scanner)
        default: throw .fieldOfWrongKind(key, expected: "left out: known are image, parameters")
        }
      }
    }
    guard let photo else { throw .missingField("image") }
    return PhotoRequest(photo: .decoded(photo), parameters: parameters ?? [])
  }

  private static func readPhoto(_ scanner: inout JSONScanner) throws(InputProblem) -> [UInt8] {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("image", expected: #"an object with "b64""#)
    }
    var photo: [UInt8]?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard key == "b64", photo == nil else {
        throw .fieldOfWrongKind("image", expected: #"{"b64": "..."} and nothing else"#)
      }
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw .fieldOfWrongKind("image.b64", expected: "a string")
      }
      photo = try Base64Object.decode(try scanner.readStringToken())
    }
    guard let photo, !photo.isEmpty else { throw .missingField("image.b64") }
    return photo
  }
}
