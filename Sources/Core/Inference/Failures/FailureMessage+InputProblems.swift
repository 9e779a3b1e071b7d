extension FailureMessage {
  package static func text(for problem: InputProblem) -> String {
    switch problem {
    case .syntax(let format, let expected, let offset):
      "not valid \(format.rawValue): expected \(expected) at byte \(offset)"
    case .nestedTooDeep(let format, let limit):
      "the \(format.rawValue) is nested deeper than \(limit) levels"
    case .framing(let fact): fact
    case .missingField(let field): "\(PublicText.quoted(field)) is missing"
    case .fieldOfWrongKind(let field, let expected):
      "\(PublicText.quoted(field)) must be \(expected)"
    case .parameter(let name, let expected, let got):
      "parameter \(PublicText.quoted(name)) must be \(expected), but is \(PublicText.cut(got, 80))"
    case .unknownInput(let name, let known):
      "the model has no input \(PublicText.quoted(name)); its inputs are \(PublicText.quoted(known))"
    case .missingInput(let name): "input \(PublicText.quoted(name)) is missing"
    case .inputGivenTwice(let name): "input \(PublicText.quoted(name)) is given twice"
    case .unknownOutput(let name, let known):
      "the model has no output \(PublicText.quoted(name)); its outputs are "
        + PublicText.quoted(known)
    case .unknownDatatype(let input, let got):
      "input \(PublicText.quoted(input)) has datatype \(PublicText.quoted(got)); known are "
        + Datatype.allCases.map(\.name).joined(separator: ", ")
    case .wrongDatatype(let input, let expected, let got):
      "input \(PublicText.quoted(input)) must have datatype \(expected.name), but has \(got.name)"
    case .image(let problem): text(for: problem)
    case .noImage(let fields):
      "no image came; send it as the body, or in a field named \(fields.joined(separator: ", "))"
    case .wrongShape(let input, let expected, let got):
      "input \(PublicText.quoted(input)) must have shape \(expected) (-1 is any length), but has "
        + "\(got)\(emptyRows(got))"
    case .tooManyRows(let model, let limit, let got):
      "inference request batch-size must be <= \(limit) for '\(PublicText.cut(model, 80))', but is "
        + "\(got); send fewer rows at once"
    case .sequenceIDMissing(let model):
      "inference request to model '\(PublicText.cut(model, 80))' must specify a non-zero or "
        + "non-empty correlation ID; set the parameter sequence_id"
    case .sequenceIDUnfit(let model, let id, let datatype):
      "model '\(PublicText.cut(model, 80))' takes correlation IDs of datatype \(datatype.name), "
        + "which does not hold \(PublicText.quoted(id))"
    case .sequenceNotStarted(let model, let id):
      "inference request for sequence \(PublicText.cut(id, 80)) to model "
        + "'\(PublicText.cut(model, 80))' must specify the START flag on the first request of the "
        + "sequence"
    case .sequenceRows(let model, let got):
      "inference request to model '\(PublicText.cut(model, 80))' must specify batch-size 1 due to "
        + "requirements of sequence batcher, but has \(got)"
    case .rankTooHigh(let input, let got, let limit):
      "input \(PublicText.quoted(input)) has \(got) axes; at most \(limit) are taken"
    case .negativeLength(let input):
      "the shape of input \(PublicText.quoted(input)) has a negative length; give the real one"
    case .wrongElementCount(let input, let expected, let got):
      "input \(PublicText.quoted(input)) must have \(expected) elements by its shape, but has \(got)"
    case .wrongByteCount(let input, let expected, let got):
      "input \(PublicText.quoted(input)) must have \(expected) bytes by its shape, but has \(got)"
    case .raggedArray(let input):
      "the nested arrays of input \(PublicText.quoted(input)) do not have its shape; nest them as "
        + "the shape says, or send one flat array"
    case .elementOfWrongKind(let input, let datatype, let index):
      "element \(index) of input \(PublicText.quoted(input)) must be \(kind(datatype)), because the "
        + "datatype is \(datatype.name)"
    case .elementOutOfRange(let input, let datatype, let index):
      "element \(index) of input \(PublicText.quoted(input)) is outside the range of "
        + datatype.name
    case .nonFiniteElement(let input, let index):
      "element \(index) of input \(PublicText.quoted(input)) is NaN or infinite, which JSON cannot "
        + "carry; send the tensor as binary data"
    }
  }

  private static func kind(_ datatype: Datatype) -> String {
    switch datatype {
    case .bool: "true or false"
    case .bytes: "a string"
    case .float16, .float32, .float64, .bfloat16: "a number"
    case .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64:
      "an integer, written without a point or an exponent"
    }
  }

  private static func emptyRows(_ lengths: [Int]) -> String {
    guard TensorShape(lengths)?.hasTooManyEmptyRows ?? false else { return "" }
    return "; of rows without elements it may have at most \(TensorShape.emptyRowsMax)"
  }

  private static func text(for problem: ImageProblem) -> String {
    switch problem {
    case .notAnImage: "the bytes are not an image; send JPEG, PNG or WebP"
    case .truncated(let format): "the \(format) image is cut off; send all of it"
    case .corrupt(let format, let reason):
      "the \(format) image is damaged: \(PublicText.withoutPlaces(reason))"
    case .tooManyPixels(let width, let height, let limit): tooManyPixels(width, height, limit)
    case .unsupported(let format, let reason):
      "this \(format) image cannot be read: \(PublicText.withoutPlaces(reason)); send a plain JPEG"
    }
  }
}
