import Inference
import Testing
import WireFormats

@testable import HTTPFront

/// A front where everything is open, and a model for each task.
private func openScope(_ models: [DescribedModel] = [iris]) -> DescriptionScope {
  var settings = HTTPFrontSettings()
  settings.vertex = VertexSettings(predictPath: "/vertex:predict", healthPath: "/vertex/health")
  var scope = DescriptionScope(settings: settings)
  scope.management = .open
  scope.isControlledByRequests = true
  scope.hasClientMemory = true
  scope.hasTracing = true
  scope.hasLogging = true
  scope.modelNames = models.map(\.name)
  scope.models = models
  scope.defaultModel = models.first
  return scope
}

private let iris = model("iris")

private func model(
  _ name: String, _ task: DescribedModel.Task = .tensors, outputs: [TensorDescription] = [scores],
  methods: [ModelMethod] = []
) -> DescribedModel {
  DescribedModel(
    name: name, version: 1,
    signature: ModelSignature(
      inputs: [
        TensorDescription(
          name: "features", datatype: .float32, dimensions: [.any(name: nil), .fixed(4)])
      ], outputs: outputs, hasRowAxis: true, methods: methods),
    task: task)
}

private let wide = TensorDescription(
  name: "scores", datatype: .float32, dimensions: [.any(name: nil), .fixed(3)])

private let scores = TensorDescription(
  name: "scores", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)])

/// As a method `price(area: list[float], top: int = 3) -> list[dict]` says of itself.
private let price = ModelMethod(
  name: "price",
  signature: ModelSignature(
    inputs: [TensorDescription(name: "area", datatype: .float64, dimensions: [.any(name: nil)])],
    outputs: [TensorDescription(name: "output", datatype: .bytes, dimensions: [.any(name: nil)])],
    hasRowAxis: true,
    metadata: [
      "description": "What it costs.", "output_content_type": "application/json",
      "arguments_schema":
        #"{"properties": {"area": {"type": "array", "items": {"type": "number"}}, "top": {"type": "integer"}}, "required": ["area"]}"#,
      "output_schema":
        #"{"properties": {"output": {"type": "array", "items": {"type": "object", "title": "Price"}}}}"#,
    ]))

/// Every operation of the description: its path, its method, and what it says.
private func operations(
  _ scope: DescriptionScope
) throws -> [(path: String, method: String, operation: JSONValue)] {
  let document = try APIDescription(scope).bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
  guard case .object(let paths)? = document["paths"] else { return [] }
  return paths.flatMap { path -> [(path: String, method: String, operation: JSONValue)] in
    guard case .object(let members) = path.value else { return [] }
    return members.filter { $0.key != "parameters" }
      .map { (path.key, $0.key.uppercased(), $0.value) }
  }
}

private func destination(of path: String, _ scope: DescriptionScope) -> Endpoint? {
  if path == scope.settings.vertex?.predictPath { return .vertexPredict }
  if path == scope.settings.vertex?.healthPath { return .plainReady }
  let target = ["model": "m", "version": "1", "label": "stable", "region": "r"]
    .reduce(path) { path, part in
      path.split(separator: "{\(part.key)}", omittingEmptySubsequences: false)
        .joined(separator: part.value)
    }
  return Route(target: target)?.endpoint
}

@Suite struct DescriptionTests {
  @Test func `each endpoint that is routed is described, with each of its methods`() throws {
    let scope = openScope([
      model("a", .detect), model("b", .classify), model("c", methods: [price]),
    ])
    var described: [Endpoint: Set<String>] = [:]
    for (path, method, _) in try operations(scope) {
      let endpoint = try #require(destination(of: path, scope), "\(path) leads nowhere")
      described[endpoint, default: []].insert(method)
    }
    for endpoint in Endpoint.allCases {
      let methods = Set(endpoint.methods).subtracting(["HEAD", "OPTIONS"])
      #expect(described[endpoint] == methods, "\(endpoint)")
    }
  }

  @Test func `a model's method has an address of its own, with the schemas of its annotations`()
    throws
  {
    let path = "/v2/models/c/methods/price"
    let found = try operations(openScope([iris, model("c", methods: [price])]))
      .filter { $0.path == path }
    #expect(found.map(\.method) == ["POST"])
    let operation = try #require(found.first).operation
    #expect(operation["summary"] == .string("What it costs."))
    let body = operation["requestBody"]?["content"]?["application/json"]?["schema"]
    guard case .array(let forms)? = body?["anyOf"] else {
      Issue.record("one form alone")
      return
    }
    #expect(forms[0]["properties"]?["area"]?["items"] == ["type": "number"])
    #expect(forms[0]["properties"]?["top"] == ["type": "integer"])
    #expect(forms[0]["required"] == .array([.string("area")]))
    let answer = operation["responses"]?["200"]?["content"]?["application/json"]?["schema"]
    guard case .array(let answers)? = answer?["anyOf"] else {
      Issue.record("one answer alone")
      return
    }
    #expect(answers[0]["title"] == .string("Price"))
  }

  @Test func `a model without methods has no address for them`() throws {
    #expect(try operations(openScope()).allSatisfy { !$0.path.contains("/methods/") })
  }

  @Test func `each name of an operation is there once, and each has an answer`() throws {
    let all = try operations(openScope())
    let names = all.compactMap { $0.operation["operationId"] }
    #expect(names.count == all.count)
    for (place, name) in names.enumerated() { #expect(!names[..<place].contains(name), "\(name)") }
    for (path, method, operation) in all {
      guard case .object(let responses)? = operation["responses"] else {
        Issue.record("\(method) \(path) answers nothing")
        continue
      }
      #expect(responses.contains { $0.key == "400" }, "\(method) \(path)")
    }
  }

  @Test func `each reference leads to something`() throws {
    let bytes = APIDescription(openScope()).bytes
    let document = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    var references: Set<String> = []
    func collect(_ value: JSONValue) {
      switch value {
      case .array(let elements): elements.forEach(collect)
      case .object(let members):
        if case .string(let reference)? = value["$ref"] { references.insert(reference) }
        members.forEach { collect($0.value) }
      default: break
      }
    }
    collect(document)
    #expect(references.count > 40)
    for reference in references {
      let found = reference.split(separator: "/").dropFirst()
        .reduce(Optional(document)) { $0?[String($1)] }
      #expect(found != nil, "\(reference)")
    }
  }

  @Test func `the statuses are those of the dialect that answers`() throws {
    let all = try operations(openScope())
    let predictions = try #require(all.first { $0.path == "/predictions/{model}" })
    #expect(predictions.operation["responses"]?["507"] != nil)
    #expect(predictions.operation["responses"]?["429"] == nil, "TorchServe says 503")
    let invocations = try #require(all.first { $0.path == "/invocations" })
    #expect(
      invocations.operation["responses"]?["400"]?["$ref"]
        == "#/components/responses/MLflowErrorOrError400")
  }

  @Test func `what is closed to a client is left out`() throws {
    var scope = openScope()
    scope.management = .closed
    scope.hasClientMemory = false
    scope.isControlledByRequests = false
    scope.defaultModel = nil
    scope.models = [model("wide", outputs: [wide])]
    let paths = Set(try operations(scope).map(\.path))
    for closed in [
      "/v2/repository/models/{model}/load", "/v2/repository/models/{model}/aliases", "/v2/logging",
      "/v2/systemsharedmemory/status", "/invocations", "/predict", "/v2/models/{model}/detect",
      "/v1/models/{model}:regress",
    ] { #expect(!paths.contains(closed), "\(closed)") }
    #expect(paths.contains("/v2/models/{model}/infer"))
  }

  @Test func `one method that is closed beside open ones is told with its refusals alone`() throws {
    var scope = openScope()
    scope.isControlledByRequests = false
    let delete = try #require(
      try operations(scope).first { $0.path == "/models/{model}" && $0.method == "DELETE" })
    #expect(delete.operation["responses"]?["200"] == nil)
    #expect(delete.operation["responses"]?["503"] != nil)
  }

  @Test func `a chosen model is described alone, under its name`() throws {
    var scope = openScope([iris, model("b/c d")])
    scope.selected = scope.models[1]
    let paths = try operations(scope).map(\.path)
    #expect(paths.contains("/v2/models/b%2Fc%20d/infer"))
    #expect(!paths.contains { $0.contains("{model}") || $0 == "/v2" || $0 == "/invocations" })
  }

  @Test func `a decoupled model has no address that answers once`() throws {
    let decoupled = DescribedModel(
      name: "d", version: 1, signature: iris.signature, task: .tensors, isDecoupled: true)
    let paths = try operations(openScope([decoupled])).map(\.path)
    #expect(paths.contains("/v2/models/{model}/generate_stream"))
    #expect(!paths.contains("/v2/models/{model}/infer"))
  }

  @Test func `a thousand models make it no longer than a hundred and one`() {
    func byteCount(_ count: Int) -> Int {
      var scope = openScope(
        (0..<min(count, DescriptionScope.modelCountMax)).map { model("m\($0)") })
      scope.modelNames = (0..<count).map { "m\($0)" }
      return APIDescription(scope).bytes.count
    }
    #expect(byteCount(1_000) < byteCount(101) + 100)
    #expect(byteCount(1_000) < 200_000)
  }
}

@Suite struct DescriptionAnswerTests {
  @Test func `is answered with a tag, and not again to whoever has it`() throws {
    let fixture = try FrontFixture()
    _ = fixture.get("/openapi.json")
    let first = fixture.awaitAnswer()
    #expect(first.status == 200)
    let etag = try #require(first.header("ETag"))
    _ = fixture.get("/openapi.json", "If-None-Match: \(etag)\r\n")
    #expect(fixture.awaitAnswer().status == 304)
  }

  @Test func `is of one model where one is named, and refuses one that is not there`() throws {
    let fixture = try FrontFixture()
    _ = fixture.get("/openapi.json?model=echo")
    let answer = fixture.awaitAnswer()
    #expect(answer.body.contains("\"/v2/models/echo/infer\""))
    #expect(answer.body.contains("\"const\":\"INPUT0\""))
    #expect(fixture.get("/openapi.json?model=nobody").status == 404)
    #expect(fixture.get("/openapi.json?model=").status == 400)
  }

  @Test func `is not for strangers where metadata is restricted`() throws {
    let restricted = try RestrictedGroups(pieces: ["metadata:x-key=secret"])
    let fixture = try FrontFixture { $0.restricted = restricted }
    #expect(fixture.get("/openapi.json").status == 403)
  }
}
