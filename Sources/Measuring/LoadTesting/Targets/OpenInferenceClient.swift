package import Inference
import WireFormats

/// A model behind the Open Inference Protocol V2 over REST, as a client sees it.
package struct OpenInferenceClient: Sendable {
  /// How tensors travel.
  package enum Encoding: String, Sendable, CaseIterable {
    /// As raw bytes behind a short JSON document.
    case binary
    /// As JSON numbers and strings.
    case json
  }

  /// Where it is asked: ends with `/infer`.
  package let inference: HTTPAddress
  private let metadata: HTTPAddress

  /// `nil` where the path is none of `/v2/models/NAME[/versions/VERSION][/infer]`.
  package init?(_ address: HTTPAddress) {
    var parts = address.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    if parts.last == "" { parts = parts.dropLast() }
    if parts.count == 4 || parts.count == 6, parts.last == "infer" { parts = parts.dropLast() }
    let names = Array(parts)
    let isModel =
      names.count == 3 || (names.count == 5 && names[3] == "versions" && !names[4].isEmpty)
    guard isModel, names[0] == "v2", names[1] == "models", !names[2].isEmpty else { return nil }
    let path = "/" + names.joined(separator: "/")
    metadata = address.with(path: path)
    inference = address.with(path: path + "/infer")
  }

  /// Where the server tells what it counted of the model.
  var statisticsPath: String { metadata.path + "/stats" }

  // MARK: Metadata

  /// What the model takes, as the server tells it. Blocks.
  package func signature() throws(CallProblem) -> ModelSignature {
    let connection = HTTPConnection(metadata, timeoutSeconds: ServerTarget.timeoutSeconds)
    try connection.send(ServerTarget.request("GET", metadata, nil))
    let answer = try connection.receive(keepingBody: true)
    try ServerTarget.checkStatus(answer)
    guard let document = Self.document(answer.body), case .array(let inputs)? = document["inputs"]
    else { throw Self.unfit("its metadata lists no inputs") }
    var descriptions: [TensorDescription] = []
    for input in inputs { descriptions.append(try Self.description(input)) }
    return ModelSignature(inputs: descriptions, outputs: [], hasRowAxis: false)
  }

  private static func description(_ input: JSONValue) throws(CallProblem) -> TensorDescription {
    guard case .string(let name)? = input["name"], case .string(let type)? = input["datatype"],
      let datatype = Datatype(name: type), case .array(let lengths)? = input["shape"]
    else { throw unfit("its metadata describes an input without name, datatype or shape") }
    var dimensions: [Dimension] = []
    for length in lengths {
      guard case .integer(let length) = length, length >= -1, length < 1 << 40 else {
        throw unfit("its metadata gives input \(name) a shape that is none")
      }
      dimensions.append(length < 0 ? .any(name: nil) : .fixed(Int(length)))
    }
    return TensorDescription(name: name, datatype: datatype, dimensions: dimensions)
  }

  private static func document(_ bytes: [UInt8]) -> JSONValue? {
    // What is no JSON is told as what it is not: metadata, or an answer.
    bytes.withUnsafeBytes { try? JSONValue(parsing: $0) }
  }

  private static func unfit(_ fact: String) -> CallProblem {
    CallProblem(kind: "not_inference", text: "this is no server of the protocol V2: \(fact)")
  }

  // MARK: Bodies

  /// A request as it is sent.
  package func body(
    _ request: TensorRequest, of signature: ModelSignature, _ encoding: Encoding
  ) -> ServerTarget.Body {
    let inputs = zip(signature.inputs, request.inputs).compactMap { input, tensor in
      tensor.map { NamedTensor(name: input.name, tensor: $0) }
    }
    switch encoding {
    case .json:
      let document = JSONValue.object([.init("inputs", .array(inputs.map(Self.withElements)))])
      return ServerTarget.Body(
        bytes: document.bytes, headers: ["Content-Type: application/json"])
    case .binary: return Self.binary(inputs)
    }
  }

  private static func binary(_ inputs: [NamedTensor]) -> ServerTarget.Body {
    let descriptions = inputs.map { input in
      described(
        input,
        .init(
          "parameters",
          .object([.init("binary_data_size", .integer(Int64(input.tensor.byteCount)))])))
    }
    let head = JSONValue.object([
      .init("inputs", .array(descriptions)),
      .init("parameters", .object([.init("binary_data_output", .bool(true))])),
    ]).bytes
    let raw = inputs.flatMap { $0.tensor.hostBytes.map { Array($0) } ?? [] }
    return ServerTarget.Body(
      bytes: head + raw,
      headers: [
        "Content-Type: application/octet-stream", "Inference-Header-Content-Length: \(head.count)",
      ])
  }

  private static func withElements(_ input: NamedTensor) -> JSONValue {
    described(input, .init("data", .array(TensorElementValues.of(input.tensor))))
  }

  private static func described(_ input: NamedTensor, _ content: JSONValue.Member) -> JSONValue {
    .object([
      .init("name", .string(input.name)),
      .init("shape", .array(input.tensor.shape.array.map { .integer(Int64($0)) })),
      .init("datatype", .string(input.tensor.datatype.name)), content,
    ])
  }

  /// Why an answer is none of the protocol; `nil` where it is one.
  package static func problem(with answer: [UInt8]) -> CallProblem? {
    // A binary answer begins with its document; the tensors stand behind it.
    let isAnswer =
      document(answer)?["outputs"] != nil
      || (answer.first == UInt8(ascii: "{") && contains("\"outputs\"", in: answer))
    return isAnswer ? nil : unfit("its answer has no outputs")
  }

  private static func contains(_ text: String, in bytes: [UInt8]) -> Bool {
    let start = bytes.prefix(64 << 10)
    let sought = Array(text.utf8)
    return start.indices.contains { start[$0...].starts(with: sought) }
  }
}

/// Elements of a tensor as JSON values; for bodies that are made once.
enum TensorElementValues {
  static func of(_ tensor: Tensor) -> [JSONValue] {
    switch tensor.datatype {
    case .bool: tensor.elements(as: UInt8.self).map { .bool($0 != 0) }
    case .uint8: integers(tensor, UInt8.self)
    case .uint16: integers(tensor, UInt16.self)
    case .uint32: integers(tensor, UInt32.self)
    case .uint64: integers(tensor, UInt64.self)
    case .int8: integers(tensor, Int8.self)
    case .int16: integers(tensor, Int16.self)
    case .int32: integers(tensor, Int32.self)
    case .int64: integers(tensor, Int64.self)
    case .float16: tensor.elements(as: Float16.self).map { shortest($0) }
    case .float32: tensor.elements(as: Float.self).map { shortest($0) }
    case .float64: tensor.elements(as: Double.self).map { .number($0) }
    case .bfloat16:
      tensor.elements(as: UInt16.self).map {
        .number(Double(Float(bitPattern: UInt32($0) << 16)))
      }
    case .bytes: tensor.strings.map { .string($0) }
    }
  }

  private static func integers<Element: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: Tensor, _ type: Element.Type
  ) -> [JSONValue] {
    tensor.elements(as: type).map { .integer(Int64(truncatingIfNeeded: $0)) }
  }

  /// The double of the number's own shortest digits, so that no more of them are written.
  private static func shortest<Number: BinaryFloatingPoint & CustomStringConvertible>(
    _ number: Number
  ) -> JSONValue { .number(Double(number.description) ?? Double(number)) }
}
