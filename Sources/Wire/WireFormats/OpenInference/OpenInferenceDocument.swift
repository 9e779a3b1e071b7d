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

  /// What its tensors were checked against.
  private let signature: ModelSignature
  /// What they are, where that is not the model's own signature.
  private var renamed: RenamedInputs?
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
    do throws(InputProblem) {
      return try named(bytes, signature, depthMax)
    } catch {
      guard RenamedInputs.mayBeMeant(after: error, for: signature),
        let said = try SaidTensors.read(bytes, depthMax),
        let renamed = try RenamedInputs.meant(by: said, for: signature, after: error)
      else { throw error }
      var document = try named(bytes, renamed.signature, depthMax)
      document.renamed = renamed
      return document
    }
  }

  private static func named(
    _ bytes: UnsafeRawBufferPointer, _ signature: ModelSignature, _ depthMax: Int
  ) throws(InputProblem) -> OpenInferenceDocument {
    try JSONScanner.scanning(bytes, depthMax: depthMax) {
      (scanner) throws(InputProblem) -> OpenInferenceDocument in
      var document = OpenInferenceDocument(signature)
      scanner.takesMissing = signature.hasTables
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        try document.readMember(key, &scanner)
      }
      guard document.seen.contains(.inputs) else { throw .missingField("inputs") }
      return document
    }
  }

  private init(_ signature: ModelSignature) {
    self.signature = signature
    inputs = [Tensor?](repeating: nil, count: signature.inputs.count)
    isGiven = [Bool](repeating: false, count: signature.inputs.count)
  }

  private mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner
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
      try readInputs(&scanner)
    case "outputs":
      try note(.outputs, key)
      try readOutputs(&scanner)
    case "parameters":
      try note(.parameters, key)
      try parameters.read(&scanner)
    default: try scanner.skipValue()
    }
  }

  private mutating func note(_ member: Members, _ key: String) throws(InputProblem) {
    guard seen.insert(member).inserted else { throw .fieldOfWrongKind(key, expected: "given once") }
  }

  private mutating func readInputs(_ scanner: inout JSONScanner) throws(InputProblem) {
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

  private mutating func readOutputs(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind("outputs", expected: "an array of objects")
    }
    try scanner.readArray { (scanner) throws(InputProblem) in
      try readOutput(&scanner)
    }
  }

  private mutating func readOutput(_ scanner: inout JSONScanner) throws(InputProblem) {
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
  func request() throws(InputProblem) -> OpenInferenceRequest {
    let request = try namedRequest()
    return try renamed?.meant(by: request) ?? request
  }

  private func namedRequest() throws(InputProblem) -> OpenInferenceRequest {
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
    if signature.hasTables {
      for (index, tensor) in inputs.enumerated() {
        inputs[index] = tensor.map(signature.inputs[index].converted)
      }
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
      regionInputs: regionInputs.map(signature.converting),
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
