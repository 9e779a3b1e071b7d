package import Inference

/// The documents of TorchServe's management address, which SageMaker's containers with many models
/// share in part.
package enum TorchServeDocuments {
  /// What is known of one version.
  package struct Version: Sendable {
    package let name: String
    package let version: Int64
    package let runtimeName: String
    package let state: ModelState
    package let instanceCount: Int
    package let waitingCount: Int
    package let waitingCountMax: Int
    /// Most rows of a run, and the milliseconds that one waits for more.
    package let runRowsMax: Int
    package let runDelayMilliseconds: Int64

    package init(
      name: String, version: Int64, runtimeName: String, state: ModelState, instanceCount: Int,
      waitingCount: Int, waitingCountMax: Int, runRowsMax: Int, runDelayMilliseconds: Int64
    ) {
      self.name = name
      self.version = version
      self.runtimeName = runtimeName
      self.state = state
      self.instanceCount = instanceCount
      self.waitingCount = waitingCount
      self.waitingCountMax = waitingCountMax
      self.runRowsMax = runRowsMax
      self.runDelayMilliseconds = runDelayMilliseconds
    }
  }

  /// `GET /models`, from `start` on. A model's address is its name: paths of this machine are told
  /// to nobody.
  package static func list(names: [String], start: Int, limit: Int) -> [UInt8] {
    let shown = names.dropFirst(start).prefix(limit)
    var members = [
      JSONValue.Member("models", .array(shown.map { .object(entry($0)) }))
    ]
    if start + shown.count < names.count {
      members.append(.init("nextPageToken", .string(String(start + shown.count))))
    }
    return JSONValue.object(members).bytes
  }

  /// `GET /models/{model}` of SageMaker.
  package static func entry(ofName name: String) -> [UInt8] { JSONValue.object(entry(name)).bytes }

  private static func entry(_ name: String) -> [JSONValue.Member] {
    [.init("modelName", .string(name)), .init("modelUrl", .string(name))]
  }

  /// `GET /models/{model}` of TorchServe.
  package static func description(_ versions: [Version]) -> [UInt8] {
    JSONValue.array(versions.map(description)).bytes
  }

  private static func description(_ version: Version) -> JSONValue {
    let count = JSONValue.integer(Int64(version.instanceCount))
    return .object(
      [
        .init("modelName", .string(version.name)),
        .init("modelVersion", .string(String(version.version))),
        .init("modelUrl", .string(version.name)),
        .init("runtime", .string(version.runtimeName)), .init("minWorkers", count),
        .init("maxWorkers", count), .init("batchSize", .integer(Int64(version.runRowsMax))),
        .init("maxBatchDelay", .integer(version.runDelayMilliseconds)),
        .init("loadedAtStartup", .bool(true)),
        .init("workers", .array((0..<version.instanceCount).map { worker($0, version.state) })),
        .init(
          "jobQueueStatus",
          .object([
            .init(
              "remainingCapacity",
              .integer(Int64(max(0, version.waitingCountMax - version.waitingCount)))),
            .init("pendingRequests", .integer(Int64(version.waitingCount))),
          ])),
      ])
  }

  private static func worker(_ index: Int, _ state: ModelState) -> JSONValue {
    .object([
      .init("id", .string(String(9_000 + index))),
      .init("status", .string(state == .ready ? "READY" : "UNLOADING")),
      .init("gpu", .bool(false)),
    ])
  }

  /// `OPTIONS /`: the addresses of TorchServe that this server answers, in OpenAPI.
  package static func addresses(version: String) -> [UInt8] {
    JSONValue.object([
      .init("openapi", .string("3.0.1")),
      .init(
        "info",
        .object([
          .init("title", .string("TorchServe's addresses of Apus")),
          .init("version", .string(version)),
        ])),
      .init(
        "paths",
        .object(
          paths.map { path in
            .init(
              path.path,
              .object(
                path.operations.map { .init($0.method, operation($0.name, path.path)) }))
          })),
    ]).bytes
  }

  private static let paths: [(path: String, operations: [(method: String, name: String)])] = [
    ("/ping", [("get", "ping")]),
    ("/predictions/{model_name}", [("post", "predictions")]),
    ("/predictions/{model_name}/{model_version}", [("post", "version_predictions")]),
    ("/models", [("get", "listModels"), ("post", "registerModel")]),
    (
      "/models/{model_name}",
      [("get", "describeModel"), ("put", "setAutoScale"), ("delete", "unregisterModel")]
    ),
    ("/models/{model_name}/{model_version}", [("get", "version_describeModel")]),
    ("/models/{model_name}/{model_version}/set-default", [("put", "setDefault")]),
    ("/metrics", [("get", "metrics")]),
  ]

  private static func operation(_ name: String, _ path: String) -> JSONValue {
    let names = path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
      String($0.dropFirst().dropLast())
    }
    return .object([
      .init("operationId", .string(name)),
      .init(
        "parameters",
        .array(
          names.map {
            .object([
              .init("in", .string("path")), .init("name", .string($0)),
              .init("required", .bool(true)),
              .init("schema", .object([.init("type", .string("string"))])),
            ])
          })),
      .init(
        "responses",
        .object([.init("200", .object([.init("description", .string("what was asked for"))]))])),
    ])
  }

  /// What `/ping` answers.
  package static func health(isWell: Bool) -> [UInt8] {
    status(isWell ? "Healthy" : "Unhealthy") + [UInt8(ascii: "\n")]
  }

  /// `{"status": "..."}`.
  package static func status(_ text: String) -> [UInt8] {
    JSONValue.object([.init("status", .string(text))]).bytes
  }

  /// Of SageMaker's `{"model_name": "...", "url": "..."}`.
  package static func registration(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (name: String?, url: String?) {
    let document = try JSONValue(parsing: bytes)
    guard case .object = document else {
      throw .fieldOfWrongKind("the body", expected: "an object with `model_name` and `url`")
    }
    return (try text(document, "model_name"), try text(document, "url"))
  }

  private static func text(
    _ document: JSONValue, _ key: String
  ) throws(InputProblem) -> String? {
    switch document[key] {
    case nil: return nil
    case .string(let text): return text
    default: throw .fieldOfWrongKind(key, expected: "a string")
    }
  }
}
