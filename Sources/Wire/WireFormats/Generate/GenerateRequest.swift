package import Inference

/// A request in the form of Triton's generate extension: a JSON object whose members are inputs by
/// their names, and otherwise parameters. `parameters` may hold more of both, `id` names the request.
package struct GenerateRequest: Sendable {
  /// The client's own name for the request, echoed in each answer.
  package private(set) var id: String?
  package var body: TensorRequest
  package private(set) var sequence: SequenceMark?
  /// 1 is the most urgent; 0 means the model's default.
  package private(set) var priority: UInt32 = 0
  /// How long the client gives the request, from its arrival.
  package private(set) var timeoutMicroseconds: UInt64?

  /// Decodes a body that is one JSON document.
  package static func decode(
    json bytes: UnsafeRawBufferPointer, signature: ModelSignature, depthMax: Int
  ) throws(InputProblem) -> GenerateRequest {
    var request = GenerateRequest(signature)
    var parameters = OpenInferenceParameters()
    try JSONScanner.scanning(bytes, depthMax: depthMax) { (scanner) throws(InputProblem) in
      guard scanner.peek() == UInt8(ascii: "{") else {
        throw .fieldOfWrongKind("the body", expected: "an object")
      }
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        try request.readMember(key, &scanner, signature, &parameters)
      }
    }
    try request.take(parameters)
    for (place, input) in signature.inputs.enumerated()
    where request.body.inputs[place] == nil && !input.isOptional {
      throw .missingInput(input.name)
    }
    return request
  }

  private init(_ signature: ModelSignature) {
    body = TensorRequest(inputs: Array(repeating: nil, count: signature.inputs.count))
  }

  private mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner, _ signature: ModelSignature,
    _ parameters: inout OpenInferenceParameters
  ) throws(InputProblem) {
    if signature.inputIndex(named: key) != nil {
      try readInput(key, &scanner, signature)
    } else if key == "id" {
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw .fieldOfWrongKind(key, expected: "a string")
      }
      id = try scanner.readString()
    } else if key == "parameters" {
      guard scanner.peek() == UInt8(ascii: "{") else {
        throw .fieldOfWrongKind(key, expected: "an object")
      }
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        if signature.inputIndex(named: key) != nil {
          try readInput(key, &scanner, signature)
        } else {
          try parameters.readMember(key, &scanner)
        }
      }
    } else {
      try parameters.readMember(key, &scanner)
    }
  }

  private mutating func readInput(
    _ name: String, _ scanner: inout JSONScanner, _ signature: ModelSignature
  ) throws(InputProblem) {
    guard let place = signature.inputIndex(named: name) else { return }
    guard body.inputs[place] == nil else { throw .inputGivenTwice(name) }
    body.inputs[place] = try LooseTensor(
      input: signature.inputs[place], hasRowAxis: signature.hasRowAxis
    ).read(&scanner)
  }

  private mutating func take(_ parameters: OpenInferenceParameters) throws(InputProblem) {
    body.parameters = parameters.others
    sequence = try parameters.sequence()
    priority = parameters.priority
    timeoutMicroseconds = parameters.timeoutMicroseconds
  }
}
