import Inference
import WireFormats

/// What decoding gave: the request or the problem, so that a table can compare it.
func decoded(
  _ text: String, _ signature: ModelSignature, depthMax: Int = JSONValue.depthMax
) -> Result<OpenInferenceRequest, InputProblem> {
  decoded(Array(text.utf8), signature, depthMax: depthMax)
}

func decoded(
  _ bytes: [UInt8], _ signature: ModelSignature, depthMax: Int = JSONValue.depthMax
) -> Result<OpenInferenceRequest, InputProblem> {
  bytes.withUnsafeBytes { raw in
    Result { () throws(InputProblem) in
      try OpenInferenceRequest.decode(json: raw, signature: signature, depthMax: depthMax)
    }
  }
}

extension Result {
  /// The failure, or `nil`.
  var failure: Failure? {
    guard case .failure(let failure) = self else { return nil }
    return failure
  }
}

/// A signature with these inputs and outputs.
func signature(
  _ inputs: [TensorDescription], outputs: [TensorDescription] = [], hasRowAxis: Bool = false
) -> ModelSignature {
  ModelSignature(inputs: inputs, outputs: outputs, hasRowAxis: hasRowAxis)
}

/// A declared tensor; `nil` is an axis of any length.
func tensor(
  _ name: String, _ datatype: Datatype, _ lengths: [Int?], isOptional: Bool = false
) -> TensorDescription {
  TensorDescription(
    name: name, datatype: datatype,
    dimensions: lengths.map { length in length.map(Dimension.fixed) ?? .any(name: nil) },
    isOptional: isOptional)
}

/// A request with one input `x`.
func request(_ datatype: Datatype, _ shape: String, _ data: String) -> String {
  #"{"inputs":[{"name":"x","shape":\#(shape),"datatype":"\#(datatype.name)","data":\#(data)}]}"#
}

/// The text of an answer's JSON.
func text(of response: OpenInferenceResponse) -> String {
  let memory = UnsafeMutableRawBufferPointer.allocate(
    byteCount: response.jsonByteCountMax, alignment: 1)
  defer { memory.deallocate() }
  let count = response.encodeJSON(into: memory)
  return String(decoding: memory[..<count], as: UTF8.self)
}

/// An answer of model `m`, version 1.
func response(
  _ outputs: [NamedTensor], id: String? = nil, labels: [String] = [],
  plan: OpenInferenceResponsePlan = OpenInferenceResponsePlan()
) throws -> OpenInferenceResponse {
  try OpenInferenceResponse(
    model: "m", version: 1, id: id, outputs: outputs, labels: labels, plan: plan)
}
