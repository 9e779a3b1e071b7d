import Inference

/// One object of `inputs` while it is read.
struct InputField {
  /// What the object says of its tensor, once it has been found in the signature.
  struct Declared {
    let inputIndex: Int
    let name: String
    let datatype: Datatype
    let shape: TensorShape
  }

  /// Its place in `inputs`, for messages about fields that a nameless input lacks.
  let place: Int
  private(set) var binaryByteCount: Int?
  /// Where its bytes lie, for one in memory that the client shares with us.
  private(set) var span: RegionSpan?
  private(set) var tensor: Tensor?
  /// How its elements are to be understood, as clients of MLServer say it.
  private(set) var contentType = TensorContentType.plain
  private var name: String?
  private var datatypeName: String?
  private var shape: DeclaredShape?
  private var hasParameters = false
  private var hasData = false
  /// Set once `data` needed it; nothing that it says can come a second time.
  private var declared: Declared?
  /// A scanner before `data`, where that came too early to be understood.
  private var deferredData: JSONScanner?

  /// The lengths of `shape`, and what is wrong with them.
  private struct DeclaredShape {
    var shape = TensorShape()
    var count = 0
    var hasNegative = false
  }

  init(place: Int) { self.place = place }

  private func path(_ field: String) -> String { "inputs[\(place)].\(field)" }

  /// Reads the object, its `data` at once where what it needs came before, else at the end; gives
  /// what it declares.
  mutating func read(
    _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) -> Declared {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("inputs[\(place)]", expected: "an object")
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      try readMember(key, &scanner, signature)
    }
    if binaryByteCount == nil, !hasData, span == nil { throw .missingField(path("data")) }
    let declared = if let declared { declared } else { try checked(signature) }
    if let span {
      if hasData || binaryByteCount != nil {
        throw .framing("input `\(declared.name)` has a shared memory region, and data, too")
      }
      try check(span.byteCount, against: declared)
      return declared
    }
    if let binaryByteCount {
      if hasData { throw .framing("input `\(declared.name)` has both data and binary_data_size") }
      try check(binaryByteCount, against: declared)
    } else if var deferredData {
      try readData(&deferredData, declared)
    }
    return declared
  }

  private mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    switch key {
    case "name":
      try refuseSecond(name != nil, key)
      name = try readText(key, &scanner)
    case "datatype":
      try refuseSecond(datatypeName != nil, key)
      datatypeName = try readText(key, &scanner)
    case "shape":
      try refuseSecond(shape != nil, key)
      shape = try readShape(&scanner)
    case "parameters":
      try refuseSecond(hasParameters, key)
      hasParameters = true
      try readParameters(&scanner)
    case "data":
      try refuseSecond(hasData, key)
      hasData = true
      if name != nil, datatypeName != nil, shape != nil, binaryByteCount == nil {
        let declared = try checked(signature)
        self.declared = declared
        try readData(&scanner, declared)
      } else {
        deferredData = scanner
        try scanner.skipValue()
      }
    default: try scanner.skipValue()
    }
  }

  private func refuseSecond(_ isSecond: Bool, _ field: String) throws(InputProblem) {
    if isSecond { throw .fieldOfWrongKind(path(field), expected: "given once") }
  }

  private func readText(
    _ field: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) -> String {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      throw .fieldOfWrongKind(path(field), expected: "a string")
    }
    return try scanner.readString()
  }

  private func readShape(_ scanner: inout JSONScanner) throws(InputProblem) -> DeclaredShape {
    let wrongKind = {
      InputProblem.fieldOfWrongKind(path("shape"), expected: "an array of integers")
    }
    guard scanner.peek() == UInt8(ascii: "[") else { throw wrongKind() }
    var declared = DeclaredShape()
    try scanner.readArray { (scanner) throws(InputProblem) in
      let byte = scanner.peek()
      guard byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9 else { throw wrongKind() }
      guard let length = try scanner.readNumber().integer(as: Int.self) else { throw wrongKind() }
      declared.count += 1
      if length < 0 { declared.hasNegative = true }
      if declared.count <= TensorShape.rankMax { _ = declared.shape.append(max(length, 0)) }
    }
    return declared
  }

  private mutating func readParameters(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(path("parameters"), expected: "an object")
    }
    var region = RegionParameters()
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      if key == "binary_data_size" {
        binaryByteCount = Int(
          clamping: try OpenInferenceParameters.readUnsigned(key, &scanner))
      } else if key == "content_type", scanner.peek() == UInt8(ascii: "\"") {
        contentType = TensorContentType(try scanner.readString())
      } else if !(try region.take(key, &scanner)) {
        try scanner.skipValue()
      }
    }
    span = try region.span()
  }

  private mutating func readData(
    _ scanner: inout JSONScanner, _ declared: Declared
  ) throws(InputProblem) {
    let elements = TensorElements(
      input: declared.name, datatype: declared.datatype, shape: declared.shape,
      takesMissing: scanner.takesMissing)
    tensor = try elements.read(&scanner)
  }
}

extension InputField {
  /// What the object declares, checked against the signature.
  private func checked(_ signature: ModelSignature) throws(InputProblem) -> Declared {
    guard let name else { throw .missingField(path("name")) }
    guard let index = signature.inputIndex(meantBy: name) else {
      throw .unknownInput(name, known: signature.inputs.map(\.name))
    }
    guard let datatypeName else { throw .missingField(path("datatype")) }
    let expected = signature.inputs[index]
    var datatype = expected.datatype
    if datatypeName != datatype.name {
      guard let given = Datatype(name: datatypeName) else {
        throw .unknownDatatype(input: name, got: datatypeName)
      }
      guard expected.takes(given) else {
        throw .wrongDatatype(input: name, expected: expected.datatype, got: given)
      }
      datatype = given
    }
    return Declared(
      inputIndex: index, name: name, datatype: datatype,
      shape: try checkedShape(name, expected: expected))
  }

  private func checkedShape(
    _ name: String, expected: TensorDescription
  ) throws(InputProblem) -> TensorShape {
    guard let shape else { throw .missingField(path("shape")) }
    if shape.count > TensorShape.rankMax {
      throw .rankTooHigh(input: name, got: shape.count, limit: TensorShape.rankMax)
    }
    if shape.hasNegative { throw .negativeLength(input: name) }
    guard expected.admits(shape.shape), shape.shape.elementCount != nil else {
      throw .wrongShape(input: name, expected: expected.metadataShape, got: shape.shape.array)
    }
    return shape.shape
  }

  /// Raw bytes of a fixed-size datatype must be exactly the shape's.
  private func check(_ byteCount: Int, against declared: Declared) throws(InputProblem) {
    guard let size = declared.datatype.elementByteCount else { return }
    let (expected, overflow) = (declared.shape.elementCount ?? 0).multipliedReportingOverflow(
      by: size)
    guard !overflow, expected == byteCount else {
      throw .wrongByteCount(
        input: declared.name, expected: overflow ? .max : expected, got: byteCount)
    }
  }
}
