import Inference

/// One `InferInputTensor` of a request, found in the signature and checked against it.
struct InferInputField {
  let inputIndex: Int
  let name: String
  let datatype: Datatype
  let shape: TensorShape
  let hasContents: Bool
  /// Where its bytes lie, for one in memory that the client shares with us.
  let span: RegionSpan?
  /// How its elements are to be understood, as clients of MLServer say it.
  let contentType: TensorContentType
  private let contents: UnsafeRawBufferPointer

  /// What the message says, before anything is known to be right.
  private struct Said {
    var name: UnsafeRawBufferPointer?
    var datatype: UnsafeRawBufferPointer?
    var shape = TensorShape()
    var rank = 0
    var hasNegative = false
    var contents: UnsafeRawBufferPointer?
    var region = RegionParameters()
    var contentType = TensorContentType.plain

    mutating func append(_ length: Int64) {
      rank += 1
      if length < 0 { hasNegative = true }
      if rank <= TensorShape.rankMax { _ = shape.append(max(Int(length), 0)) }
    }
  }

  init(
    _ bytes: UnsafeRawBufferPointer, place: Int, signature: ModelSignature
  ) throws(InputProblem) {
    let said = try Self.read(bytes)
    guard let name = said.name else { throw .missingField("inputs[\(place)].name") }
    let index = try Self.place(of: name, in: signature)
    let expected = signature.inputs[index]
    guard let given = said.datatype else { throw .missingField("inputs[\(place)].datatype") }
    datatype = try Self.datatype(given, expected)
    inputIndex = index
    self.name = expected.name
    shape = try Self.checkedShape(said, expected)
    span = try said.region.span()
    contentType = said.contentType
    hasContents = said.contents != nil
    contents = said.contents ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }

  private static func read(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Said {
    var said = Said()
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): said.name = try reader.slice()
      case (2, .bytes): said.datatype = try reader.slice()
      case (3, .varint): said.append(Int64(bitPattern: try reader.varint()))
      case (3, .bytes):
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { said.append(Int64(bitPattern: try packed.varint())) }
      case (4, .bytes):
        let parameter = try InferParameterEntry(try reader.slice())
        if parameter.name == "content_type", case .string(let type) = parameter.value {
          said.contentType = TensorContentType(type)
        } else {
          _ = try said.region.take(parameter)
        }
      case (5, .bytes): said.contents = try reader.slice()
      default: try reader.skip(field)
      }
    }
    return said
  }

  /// The name alone, before the tensor is checked.
  static func name(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> String? {
    try read(bytes).name.map { String(decoding: $0, as: UTF8.self) }
  }

  private static func place(
    of name: UnsafeRawBufferPointer, in signature: ModelSignature
  ) throws(InputProblem) -> Int {
    if let index = signature.inputs.firstIndex(where: { $0.name.utf8.elementsEqual(name) }) {
      return index
    }
    let name = String(decoding: name, as: UTF8.self)
    if let index = signature.inputIndex(meantBy: name) { return index }
    throw .unknownInput(name, known: signature.inputs.map(\.name))
  }

  private static func datatype(
    _ datatype: UnsafeRawBufferPointer, _ expected: TensorDescription
  ) throws(InputProblem) -> Datatype {
    if expected.datatype.name.utf8.elementsEqual(datatype) { return expected.datatype }
    let name = String(decoding: datatype, as: UTF8.self)
    guard let got = Datatype(name: name) else {
      throw .unknownDatatype(input: expected.name, got: name)
    }
    if expected.takes(got) { return got }
    throw .wrongDatatype(input: expected.name, expected: expected.datatype, got: got)
  }

  private static func checkedShape(
    _ said: Said, _ expected: TensorDescription
  ) throws(InputProblem) -> TensorShape {
    if said.rank > TensorShape.rankMax {
      throw .rankTooHigh(input: expected.name, got: said.rank, limit: TensorShape.rankMax)
    }
    if said.hasNegative { throw .negativeLength(input: expected.name) }
    guard expected.admits(said.shape), said.shape.elementCount != nil else {
      throw .wrongShape(
        input: expected.name, expected: expected.metadataShape, got: said.shape.array)
    }
    return said.shape
  }

  /// Raw bytes of a fixed-size datatype must be exactly the shape's.
  func checkByteCount(_ byteCount: Int) throws(InputProblem) {
    guard let size = datatype.elementByteCount else { return }
    let (expected, overflow) = (shape.elementCount ?? 0).multipliedReportingOverflow(by: size)
    guard !overflow, expected == byteCount else {
      throw .wrongByteCount(input: name, expected: overflow ? .max : expected, got: byteCount)
    }
  }

  /// The tensor that stands in `contents`.
  func typedTensor() throws(InputProblem) -> Tensor {
    try InferContents(input: name, datatype: datatype, shape: shape).read(contents)
  }
}
