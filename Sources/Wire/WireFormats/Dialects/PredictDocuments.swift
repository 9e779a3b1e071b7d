package import Inference

/// The documents under `/v1/models` beside predictions, with the fields of KServe, TensorFlow
/// Serving and OpenAI together.
package enum PredictDocuments {
  /// One version of a model, as a status names it.
  package struct VersionStatus: Sendable {
    let version: Int64
    let state: ModelState

    package init(version: Int64, state: ModelState) {
      self.version = version
      self.state = state
    }
  }

  /// `GET /v1/models`: `models` for KServe, the rest for OpenAI.
  package static func modelList(names: [String]) -> [UInt8] {
    JSONValue.object([
      .init("models", .array(names.map { .string($0) })), .init("object", .string("list")),
      .init("data", .array(names.map { .object(openAI($0)) })),
    ]).bytes
  }

  private static func openAI(_ name: String) -> [JSONValue.Member] {
    [
      .init("id", .string(name)), .init("object", .string("model")), .init("created", .integer(0)),
      .init("owned_by", .string("apus")),
    ]
  }

  /// `GET /v1/models/{model}`.
  package static func modelStatus(
    name: String, isReady: Bool, versions: [VersionStatus]
  ) -> [UInt8] {
    JSONValue.object(
      [
        .init("name", .string(name)), .init("ready", .bool(isReady)),
        versionStatuses(versions),
      ] + openAI(name)
    ).bytes
  }

  /// `GetModelStatusResponse`.
  package static func versions(_ versions: [VersionStatus]) -> JSONValue {
    .object([versionStatuses(versions)])
  }

  private static func versionStatuses(_ versions: [VersionStatus]) -> JSONValue.Member {
    .init("model_version_status", .array(versions.map(versionStatus)))
  }

  private static func versionStatus(_ status: VersionStatus) -> JSONValue {
    let (state, code, message) =
      switch status.state {
      case .ready: ("AVAILABLE", "OK", "")
      case .dormant: ("START", "OK", "loaded by its first request")
      case .loading: ("LOADING", "OK", "")
      case .draining: ("UNLOADING", "OK", "")
      case .gone: ("END", "OK", "")
      case .failed(let reason): ("END", "UNKNOWN", PublicText.withoutPlaces(reason))
      }
    return .object([
      .init("version", .string(String(status.version))), .init("state", .string(state)),
      .init(
        "status",
        .object([
          .init("error_code", .string(code)), .init("error_message", .string(message)),
        ])),
    ])
  }

  /// `GET /v1/models/{model}/metadata`, with the one signature that a model has here.
  package static func metadata(
    name: String, version: Int64, signature: ModelSignature
  ) -> [UInt8] {
    return JSONValue.object([
      .init(
        "model_spec",
        .object([
          .init("name", .string(name)), .init("signature_name", .string("")),
          .init("version", .string(String(version))),
        ])),
      .init(
        "metadata",
        .object([
          .init("signature_def", signatureDefinitions(signature))
        ])),
    ]).bytes
  }

  /// `SignatureDefMap`, with the one signature that a model has here.
  package static func signatureDefinitions(_ signature: ModelSignature) -> JSONValue {
    let definition = JSONValue.object([
      .init("inputs", .object(signature.inputs.map(tensor))),
      .init("outputs", .object(signature.outputs.map(tensor))),
      .init("method_name", .string("tensorflow/serving/predict")), .init("defaults", .object([])),
    ])
    return .object([.init("signature_def", .object([.init(SignatureName.only, definition)]))])
  }

  /// `GetModelMetadataResponse`, with an encoded `SignatureDefMap`.
  package static func metadataMessage(
    name: String, version: Int64, definitions: [UInt8]
  ) -> JSONValue {
    let packed = JSONValue.object([
      .init(
        "type_url", .string("type.googleapis.com/tensorflow.serving.SignatureDefMap")),
      .init("value", .string(definitions.withUnsafeBytes { Base64.encode($0) })),
    ])
    return .object([
      .init(
        "model_spec",
        .object([
          .init("name", .string(name)),
          .init("version", .object([.init("value", .integer(version))])),
        ])),
      .init("metadata", .object([.init("signature_def", packed)])),
    ])
  }

  /// The model that a `ModelSpec` means.
  package static func address(ofSpec spec: JSONValue?) throws(InputProblem) -> ModelAddress {
    try ModelSpecMessage.address(of: spec.map { ModelSpecMessage($0) })
  }

  private static func tensor(_ tensor: TensorDescription) -> JSONValue.Member {
    let axes = tensor.isShapeless ? [] : tensor.metadataShape
    return .init(
      tensor.name,
      .object([
        .init("dtype", .string(name(of: tensor.datatype))),
        .init(
          "tensor_shape",
          .object([
            .init(
              "dim",
              .array(
                axes.map { .object([.init("size", .string("\($0)")), .init("name", .string(""))]) }
              )),
            .init("unknown_rank", .bool(tensor.isShapeless)),
          ])),
        .init("name", .string("\(tensor.name):0")),
      ]))
  }

  /// TensorFlow's names of datatypes.
  static func name(of datatype: Datatype) -> String {
    switch datatype {
    case .bool: "DT_BOOL"
    case .uint8: "DT_UINT8"
    case .uint16: "DT_UINT16"
    case .uint32: "DT_UINT32"
    case .uint64: "DT_UINT64"
    case .int8: "DT_INT8"
    case .int16: "DT_INT16"
    case .int32: "DT_INT32"
    case .int64: "DT_INT64"
    case .float16: "DT_HALF"
    case .float32: "DT_FLOAT"
    case .float64: "DT_DOUBLE"
    case .bfloat16: "DT_BFLOAT16"
    case .bytes: "DT_STRING"
    }
  }
}
