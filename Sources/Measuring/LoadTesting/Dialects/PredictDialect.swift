package import Inference
import Jobs
import WireFormats

/// KServe's V1 and TensorFlow Serving's REST: `/v1/models/NAME:predict`.
package struct PredictDialect: ServerDialect {
  package let address: HTTPAddress
  private let tensors: SampleTensors?
  private let isColumnar: Bool

  package init(
    _ address: HTTPAddress, encoding: BodyEncoding?, needsSignature: Bool
  ) throws(CallProblem) {
    self.address = address
    isColumnar = encoding == .inputs
    tensors = needsSignature ? try PredictSignature.read(of: address).map(SampleTensors.init) : nil
  }

  package var name: String { isColumnar ? "V1, inputs" : "V1, instances" }
  package var signature: ModelSignature? { tensors?.signature }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .document(let bytes, let name): return ServerBodies.plain(bytes, name: name)
    case .file(let path):
      let bytes = try SampleFiles.bytes(of: path)
      let text = bytes.withUnsafeBytes { Base64.encode($0) }
      return JSONBodies.body(("instances", .array([.object([.init("b64", .string(text))])])))
    case .rows, .arrays, .tensors: return try numbers(sample)
    }
  }

  private func numbers(_ sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    if let tensors, let request = try tensors.request(for: sample) {
      let named = zip(tensors.signature.inputs, request.inputs).compactMap { input, tensor in
        tensor.map { NamedTensor(name: input.name, tensor: $0) }
      }
      return body(of: named)
    }
    switch sample {
    case .rows(let table):
      return JSONBodies.body((isColumnar ? "inputs" : "instances", table.nestedRows))
    case .arrays(let arrays): return body(of: arrays)
    case .file, .document, .tensors:
      throw SampleProblem("the server tells no inputs of the model; say with --data what to ask")
    }
  }

  private func body(of tensors: [NamedTensor]) -> ServerTarget.Body {
    // Without rows of its own, a tensor is the whole input.
    let haveRows = Set(tensors.map { $0.tensor.shape.rank > 0 ? $0.tensor.shape[0] : 0 }).count == 1
    if isColumnar || !haveRows { return JSONBodies.body(("inputs", JSONBodies.inputs(tensors))) }
    return JSONBodies.body(("instances", JSONBodies.instances(tensors)))
  }

  package func content(of answer: [UInt8]) -> AnswerContent? {
    PredictAnswers.content(of: answer)
  }
}

/// What a model behind V1 takes: V1 itself does not say, but many servers do.
enum PredictSignature {
  /// From TensorFlow Serving's `/v1/models/NAME/metadata`, or from the protocol V2's metadata where the
  /// server has that; `nil` where neither answers. Blocks.
  static func read(of address: HTTPAddress) throws(CallProblem) -> ModelSignature? {
    let path = String(address.path.prefix { $0 != "?" }.dropLast(":predict".count))
    let metadata = ServerTarget(address.with(path: path + "/metadata"), method: "GET")
    if let answer = try told(metadata.answer),
      // What is no JSON is no metadata.
      let document = answer.withUnsafeBytes({ try? JSONValue(parsing: $0) }),
      let signature = signature(of: document)
    {
      return signature
    }
    let name = path.dropFirst("/v1/models/".count).prefix { $0 != "/" }
    guard let client = OpenInferenceClient(address.with(path: "/v2/models/\(name)")) else {
      return nil
    }
    return try told(client.signature)
  }

  /// `nil` where the server is there and does not say.
  private static func told<Answer>(
    _ question: () throws(CallProblem) -> Answer
  ) throws(CallProblem) -> Answer? {
    do throws(CallProblem) {
      return try question()
    } catch {
      guard error.kind.hasPrefix("status_") || error.kind == "not_inference" else { throw error }
      return nil
    }
  }

  /// The inputs of `serving_default`, or of the first signature.
  static func signature(of document: JSONValue) -> ModelSignature? {
    guard case .object(let all)? = document["metadata"]?["signature_def"]?["signature_def"],
      let chosen = all.first(where: { $0.key == "serving_default" }) ?? all.first,
      case .object(let inputs)? = chosen.value["inputs"]
    else { return nil }
    let descriptions = inputs.compactMap { description($0.key, $0.value) }
    guard !descriptions.isEmpty, descriptions.count == inputs.count else { return nil }
    return ModelSignature(inputs: descriptions, outputs: [], hasRowAxis: false)
  }

  private static let datatypes: [String: Datatype] = [
    "DT_FLOAT": .float32, "DT_DOUBLE": .float64, "DT_HALF": .float16, "DT_BFLOAT16": .bfloat16,
    "DT_INT8": .int8, "DT_INT16": .int16, "DT_INT32": .int32, "DT_INT64": .int64,
    "DT_UINT8": .uint8, "DT_UINT16": .uint16, "DT_UINT32": .uint32, "DT_UINT64": .uint64,
    "DT_BOOL": .bool, "DT_STRING": .bytes,
  ]

  private static func description(_ name: String, _ input: JSONValue) -> TensorDescription? {
    guard case .string(let type)? = input["dtype"], let datatype = datatypes[type] else {
      return nil
    }
    let shape = input["tensor_shape"]
    let isShapeless = shape?["unknown_rank"] == .bool(true)
    var dimensions: [Dimension] = []
    if case .array(let axes)? = shape?["dim"] {
      for axis in axes {
        guard let length = length(axis["size"]) else { return nil }
        dimensions.append(length < 0 ? .any(name: nil) : .fixed(length))
      }
    }
    return TensorDescription(
      name: name, datatype: datatype, dimensions: dimensions, isShapeless: isShapeless)
  }

  /// 64-bit integers are strings in protobuf's JSON.
  private static func length(_ size: JSONValue?) -> Int? {
    let length: Int?
    if case .string(let text)? = size {
      length = Int(text)
    } else {
      length = size?.whole.flatMap { Int(exactly: $0) }
    }
    return length.flatMap { (-1..<1 << 40).contains($0) ? $0 : nil }
  }
}
