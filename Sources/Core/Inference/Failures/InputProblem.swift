/// What is wrong with what a client sent.
///
/// Each case carries what was expected and what came, so that one place can say both.
package enum InputProblem: Error, Sendable, Equatable {
  /// The bytes are not of the format they claim to be: what was expected, where.
  case syntax(Format, expected: String, byteOffset: Int)
  case nestedTooDeep(Format, limit: Int)
  /// The request's own framing contradicts itself, or its end is missing.
  case framing(String)
  case missingField(String)
  case fieldOfWrongKind(String, expected: String)
  case parameter(String, expected: String, got: String)
  case unknownInput(String, known: [String])
  case missingInput(String)
  case inputGivenTwice(String)
  case unknownOutput(String, known: [String])
  case unknownDatatype(input: String, got: String)
  case wrongDatatype(input: String, expected: Datatype, got: Datatype)
  case wrongShape(input: String, expected: [Int], got: [Int])
  /// More rows than a run of the model may have, and the request cannot be split.
  case tooManyRows(model: String, limit: Int, got: Int)
  /// The model's requests belong to sequences, and this one does not say to which.
  case sequenceIDMissing(model: String)
  /// The model has the sequence's id as an input of that datatype, which does not hold it.
  case sequenceIDUnfit(model: String, id: String, datatype: Datatype)
  /// The sequence was never started, or is over.
  case sequenceNotStarted(model: String, id: String)
  /// A request of a sequence has one row.
  case sequenceRows(model: String, got: Int)
  case rankTooHigh(input: String, got: Int, limit: Int)
  case negativeLength(input: String)
  case wrongElementCount(input: String, expected: Int, got: Int)
  case wrongByteCount(input: String, expected: Int, got: Int)
  /// Nested arrays whose nesting is not the declared shape.
  case raggedArray(input: String)
  /// An element that is not of the datatype's kind: its place in row-major order.
  case elementOfWrongKind(input: String, datatype: Datatype, index: Int)
  case elementOutOfRange(input: String, datatype: Datatype, index: Int)
  /// NaN or an infinity in JSON, which has no such numbers.
  case nonFiniteElement(input: String, index: Int)
  case image(ImageProblem)
  case noImage(fields: [String])

  /// What the bytes claim to be.
  package enum Format: String, Sendable, Equatable {
    case json = "JSON"
    case multipart
    case base64
    case gzip
    case deflate
    case binaryTensor = "binary tensor"
    case csv = "CSV"
    case npy
    case protobuf
  }
}

/// What is wrong with a photo.
package enum ImageProblem: Error, Sendable, Equatable {
  /// The first bytes are those of no known format.
  case notAnImage
  case truncated(format: String)
  case corrupt(format: String, reason: String)
  case tooManyPixels(width: Int, height: Int, pixelsMax: Int)
  /// A known format whose variant, or whose library, is not to be had.
  case unsupported(format: String, reason: String)
}

/// Where a model version is in its life.
package enum ModelState: Sendable, Equatable {
  /// Not in memory: the first request for it loads it.
  case dormant
  case loading
  case ready
  /// Answers what it has; takes nothing new.
  case draining
  case gone
  case failed(reason: String)
}
