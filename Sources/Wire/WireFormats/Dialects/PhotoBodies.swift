import Inference

/// Photos as whole bodies, or in forms, at the addresses of the dialects.
enum PhotoBodies {
  /// Names under which clients of other servers put a photo into a form, beside ours.
  private static let formFields = PhotoRequest.photoFields + ["request", "body", "input"]

  struct Found {
    let photos: [PhotoRequest.Photo]
    let parameters: [Parameter]
  }

  /// `nil` where the body is neither a photo nor a form.
  static func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> Found? {
    guard facts.takesPhotos else { return nil }
    if let boundary = try MultipartForm.boundary(contentType: facts.contentType) {
      return try readParts(try MultipartForm(parsing: body, boundary: boundary).parts, in: body)
    }
    let type = facts.mediaType
    let isPhoto =
      type.hasPrefix("image/") || type == "application/x-image"
      || ((type.isEmpty || type == "application/octet-stream" || type == formType)
        && !looksLikeJSON(body))
    guard isPhoto else { return nil }
    guard !body.isEmpty else { throw .noImage(fields: PhotoRequest.photoFields) }
    return Found(photos: [.inBody(0..<body.count)], parameters: [])
  }

  /// What `curl --data-binary` says where nobody tells it otherwise.
  static let formType = "application/x-www-form-urlencoded"

  /// Clients such as `curl -T` do not say what they send.
  static func looksLikeJSON(_ body: UnsafeRawBufferPointer) -> Bool {
    let first = body.first { $0 > 0x20 }
    return first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
  }

  /// Photos by the names of their parts; what is none is a parameter.
  static func readParts(
    _ parts: [MultipartForm.Part], in body: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Found {
    var photos: [PhotoRequest.Photo] = []
    var parameters: [Parameter] = []
    for part in parts {
      if formFields.contains(part.name) || part.fileName != nil {
        guard photos.count < RowReader.photoCountMax else {
          throw .framing("a request has at most \(RowReader.photoCountMax) photos")
        }
        guard !part.content.isEmpty else { throw .noImage(fields: PhotoRequest.photoFields) }
        photos.append(.inBody(part.content))
      } else {
        guard part.content.count <= PhotoRequest.parameterBytesMax,
          let text = String(validating: body[part.content], as: UTF8.self)
        else {
          throw .parameter(
            part.name, expected: "text of at most \(PhotoRequest.parameterBytesMax) bytes",
            got: "\(part.content.count) bytes")
        }
        parameters.append(Parameter(name: part.name, value: .string(text)))
      }
    }
    guard !photos.isEmpty else { throw .noImage(fields: PhotoRequest.photoFields) }
    return Found(photos: photos, parameters: parameters)
  }

  /// The body as the only element of the one input of bytes that a model needs; `nil` where it needs others.
  static func bytesInput(
    _ body: UnsafeRawBufferPointer, _ signature: ModelSignature
  ) -> TensorRequest? {
    guard signature.hasOneContent, signature.inputs[0].datatype == .bytes else { return nil }
    let input = signature.inputs[0]
    let length = withUnsafeBytes(of: UInt32(truncatingIfNeeded: body.count).littleEndian) {
      Array($0)
    }
    let tensor = Tensor(length + Array(body), datatype: .bytes, shape: [1])
    // Nothing but a shape of one element goes.
    return (try? NestedInput.fitted(tensor, to: input)).map {
      TensorRequest(inputs: signature.alone($0))
    }
  }
}
