import Inference

/// The JSON part of an inference request while it is read: what it said, not yet complete.
struct OpenInferenceDocument {
  /// An input whose bytes follow the JSON.
  struct BinarySlot {
    let inputIndex: Int
    let name: String
    let datatype: Datatype
    let shape: TensorShape
    let byteCount: Int
  }

  private var id: String?
  private var inputs: [Tensor?]
  private var isGiven: [Bool]
  /// Of inputs whose elements are not simply what they are.
  private var contentTypes: [(inputIndex: Int, type: TensorContentType)] = []
  private(set) var binarySlots: [BinarySlot] = []
  private var regionInputs: [RegionInput] = []
  private var outputs: [Int] = []
  private var requestedForms: [RequestedForm] = []
  private var parameters = OpenInferenceParameters()
  private var seen: Members = []

  /// The members of the document that have a meaning.
  private struct Members: OptionSet {
    let rawValue: UInt8
    static let id = Members(rawValue: 1)
    static let inputs = Members(rawValue: 2)
    static let outputs = Members(rawValue: 4)
    static let parameters = Members(rawValue: 8)
  }

  /// What one requested output says of itself; `isBinary` falls back to the request's word.
  private struct RequestedForm {
    var isBinary: Bool?
    var classCount = 0
    var span: RegionSpan?
    var isBase64 = false
  }

  static func read(
    _ bytes: UnsafeRawBufferPointer, signature: ModelSignature, depthMax: Int
  ) throws(InputProblem) -> OpenInferenceDocument {
    try JSONScanner.scanning(bytes, depthMax: depthMax) {
      (scanner) throws(InputProblem) -> OpenInferenceDocument in
      var document = OpenInferenceDocument(inputCount: signature.inputs.count)
      scanner.takesMissing = signature.table != nil
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        try document.readMember(key, &scanner, signature)
      }
      guard document.seen.contains(.inputs) else { throw .missingField("inputs") }
      return document
    }
  }

  private init(inputCount: Int) {
    inputs = [Tensor?](repeating: nil, count: inputCount)
    isGiven = [Bool](repeating: false, count: inputCount)
  }

  private mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    switch key {
    case "id":
      try note(.id, key)
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw .fieldOfWrongKind("id", expected: "a string")
      }
      id = try scanner.readString()
    case "inputs":
      try note(.inputs, key)
      try readInputs(&scanner, signature)
    case "outputs":
      try note(.outputs, key)
      try readOutputs(&scanner, signature)
    case "parameters":
      try note(.parameters, key)
      try parameters.read(&scanner)
    default: try scanner.skipValue()
    }
  }

  private mutating func note(_ member: Members, _ key: String) throws(InputProblem) {
    guard seen.insert(member).inserted else { throw .fieldOfWrongKind(key, expected: "given once") }
  }

  private mutating func readInputs(
    _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind("inputs", expected: "an array of objects")
    }
    var place = 0
    try scanner.readArray { (scanner) throws(InputProblem) in
      var field = InputField(place: place)
      try take(try field.read(&scanner, signature), field)
      place += 1
    }
  }

  private mutating func take(
    _ declared: InputField.Declared, _ field: InputField
  ) throws(InputProblem) {
    guard !isGiven[declared.inputIndex] else { throw .inputGivenTwice(declared.name) }
    isGiven[declared.inputIndex] = true
    if field.contentType != .plain {
      contentTypes.append((declared.inputIndex, field.contentType))
    }
    if let span = field.span {
      regionInputs.append(
        RegionInput(
          inputIndex: declared.inputIndex, name: declared.name, datatype: declared.datatype,
          shape: declared.shape, span: span))
    } else if let byteCount = field.binaryByteCount {
      binarySlots.append(
        BinarySlot(
          inputIndex: declared.inputIndex, name: declared.name, datatype: declared.datatype,
          shape: declared.shape, byteCount: byteCount))
    } else {
      inputs[declared.inputIndex] = field.tensor
    }
  }

  private mutating func readOutputs(
    _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind("outputs", expected: "an array of objects")
    }
    try scanner.readArray { (scanner) throws(InputProblem) in
      try readOutput(&scanner, signature)
    }
  }

  private mutating func readOutput(
    _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    let label = "outputs[\(outputs.count)]"
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(label, expected: "an object")
    }
    var name: String?
    var form = RequestedForm()
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "name":
        guard name == nil else { throw .fieldOfWrongKind(label + ".name", expected: "given once") }
        guard scanner.peek() == UInt8(ascii: "\"") else {
          throw .fieldOfWrongKind(label + ".name", expected: "a string")
        }
        name = try scanner.readString()
      case "parameters": try Self.readForm(&form, &scanner, label)
      default: try scanner.skipValue()
      }
    }
    guard let name else { throw .missingField(label + ".name") }
    guard let index = signature.outputIndex(named: name) else {
      throw .unknownOutput(name, known: signature.outputs.map(\.name))
    }
    if outputs.contains(index) {
      throw .fieldOfWrongKind("outputs", expected: "without `\(name)` twice")
    }
    try TopClasses.check(form.classCount, of: signature.outputs[index])
    outputs.append(index)
    requestedForms.append(form)
  }

  private static func readForm(
    _ form: inout RequestedForm, _ scanner: inout JSONScanner, _ label: String
  ) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(label + ".parameters", expected: "an object")
    }
    var region = RegionParameters()
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "binary_data":
        form.isBinary = try OpenInferenceParameters.readBool(key, &scanner)
      case "content_type" where scanner.peek() == UInt8(ascii: "\""):
        form.isBase64 = TensorContentType(try scanner.readString()) == .base64
      case "classification":
        form.classCount = Int(
          clamping: try OpenInferenceParameters.readUnsigned(key, &scanner))
      default:
        if !(try region.take(key, &scanner)) { try scanner.skipValue() }
      }
    }
    form.span = try region.span()
  }
}

extension OpenInferenceDocument {
  /// Puts a tensor that came as raw bytes in its place.
  mutating func fill(_ slot: BinarySlot, with tensor: Tensor) { inputs[slot.inputIndex] = tensor }

  /// The request, once every input has its tensor.
  func request(signature: ModelSignature) throws(InputProblem) -> OpenInferenceRequest {
    for (index, input) in signature.inputs.enumerated()
    where !isGiven[index] && !input.isOptional {
      throw .missingInput(input.name)
    }
    var inputs = inputs
    for (index, type) in contentTypes {
      inputs[index] = try inputs[index].map { (tensor) throws(InputProblem) in
        try type.understood(tensor, input: signature.inputs[index].name)
      }
    }
    if signature.table != nil, let tensor = inputs[0] {
      inputs[0] = signature.inputs[0].converted(tensor)
    }
    let isBinaryByDefault = parameters.isBinaryOutput ?? false
    let forms = requestedForms.map {
      OpenInferenceResponsePlan.Form(
        isBinary: $0.isBinary ?? isBinaryByDefault, classCount: $0.classCount, span: $0.span,
        isBase64: $0.isBase64)
    }
    return OpenInferenceRequest(
      id: id,
      body: TensorRequest(inputs: inputs, outputs: outputs, parameters: parameters.others),
      responsePlan: OpenInferenceResponsePlan(
        forms: forms, standard: .init(isBinary: isBinaryByDefault)),
      regionInputs: signature.table == nil ? regionInputs : regionInputs.map(signature.converting),
      sequence: try parameters.sequence(), priority: parameters.priority,
      timeoutMicroseconds: parameters.timeoutMicroseconds)
  }
}

extension ModelSignature {
  /// The input with what its bytes are to become once they are there.
  func converting(_ region: RegionInput) -> RegionInput {
    RegionInput(
      inputIndex: region.inputIndex, name: region.name, datatype: region.datatype,
      shape: region.shape, span: region.span, target: inputs[region.inputIndex])
  }
}
