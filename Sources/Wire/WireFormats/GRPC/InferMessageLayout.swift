package import Inference

/// Where everything lies in the bytes of a `ModelInferRequest`, found in one pass.
///
/// Ranges, not copies: of use together with the bytes they were found in. One of it serves request
/// after request, so that its lists take no memory anew.
package struct InferMessageLayout {
  private(set) var model = 0..<0
  private(set) var version = 0..<0
  private(set) var id = 0..<0
  private(set) var parameters: [Range<Int>] = []
  private(set) var inputs: [Range<Int>] = []
  private(set) var outputs: [Range<Int>] = []
  private(set) var rawInputs: [Range<Int>] = []

  package init() {}

  /// More inputs, outputs or parameters than any model has.
  static let partCountMax = 4_096

  /// Takes in the layout of another message.
  package mutating func read(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    clear()
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number <= 7 else {
        try reader.skip(field)
        continue
      }
      try reader.expect(.bytes, field)
      let range = try reader.range()
      switch field.number {
      case 1: model = range
      case 2: version = range
      case 3: id = range
      case 4: parameters.append(range)
      case 5: inputs.append(range)
      case 6: outputs.append(range)
      default: rawInputs.append(range)
      }
      if max(parameters.count, inputs.count, outputs.count, rawInputs.count) > Self.partCountMax {
        throw .framing("a request has at most \(Self.partCountMax) of everything")
      }
    }
  }

  private mutating func clear() {
    (model, version, id) = (0..<0, 0..<0, 0..<0)
    parameters.removeAll(keepingCapacity: true)
    inputs.removeAll(keepingCapacity: true)
    outputs.removeAll(keepingCapacity: true)
    rawInputs.removeAll(keepingCapacity: true)
  }

  /// Which model the request is for.
  package func address(in bytes: UnsafeRawBufferPointer) throws(InputProblem) -> ModelAddress {
    guard !model.isEmpty else { throw .missingField("model_name") }
    return ModelAddress(
      name: try Self.text(model, "model_name", bytes)[...],
      version: try Self.text(version, "model_version", bytes)[...])
  }

  /// The client's own name for the request; `nil` where it gave none.
  package func clientID(in bytes: UnsafeRawBufferPointer) throws(InputProblem) -> String? {
    id.isEmpty ? nil : try Self.text(id, "id", bytes)
  }

  static func text(
    _ range: Range<Int>, _ field: String, _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> String {
    guard let text = String(validating: bytes[range], as: UTF8.self) else {
      throw .fieldOfWrongKind(field, expected: "text in UTF-8")
    }
    return text
  }
}
