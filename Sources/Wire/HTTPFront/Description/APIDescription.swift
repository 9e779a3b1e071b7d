import Inference
import NIOHTTP1
import WireFormats

/// The description of all addresses that are open to one client, in OpenAPI 3.1: `EndpointTable` with
/// what each of its endpoints takes and answers.
///
/// Made anew for each request, by a worker: its size is bounded by the table and by
/// `DescriptionScope`, whatever the number of models.
struct APIDescription {
  let scope: DescriptionScope
  private let table: OperationTable

  init(_ scope: DescriptionScope) {
    self.scope = scope
    table = OperationTable(scope: scope)
  }

  var bytes: [UInt8] {
    var document = DescriptionDocument(version: scope.settings.version, text: text)
    document.paths = paths
    document.tags = EndpointGroup.allCases.map { ($0.rawValue, "") } + [(Self.otherTag, "")]
    document.parameters = [.init("model", modelParameter)]
    document.securitySchemes = securitySchemes
    document.others = models
    return document.bytes
  }

  private static let otherTag = "server"

  private var text: String {
    let about = scope.selected.map { "The addresses of the model `\($0.name)`." }
    return (about ?? "The addresses of this server, as they are open to whoever asked for this.")
      + " `HEAD` answers where `GET` does, `OPTIONS` everywhere. A model may be named with an alias, "
      + "`name@alias`. With the header `x-apus-dialect`, failures are answered in the form of that "
      + "dialect. Every answer has `X-Request-Id`, by which the log knows it."
  }

  // MARK: Models

  private var models: JSONValue {
    let known = scope.selected.map { [$0] } ?? scope.models
    let places = Dictionary(known.enumerated().map { ($1.name, $0) }) { first, _ in first }
    return [
      "model_count": .integer(Int64(scope.modelNames.count)),
      "default_model": scope.defaultModel.map { .string($0.name) } ?? .null,
      "models": .array(
        scope.modelNames.prefix(DescriptionScope.modelCountMax).map { name in
          let model = places[name].map { known[$0] }
          return .object([.init("name", .string(name))] + (model.map(Self.facts) ?? []))
        }),
    ]
  }

  private static func facts(_ model: DescribedModel) -> [JSONValue.Member] {
    let task =
      switch model.task {
      case .tensors: "tensor"
      case .detect: "detect"
      case .classify: "classify"
      }
    return [.init("version", .string("\(model.version)")), .init("task", .string(task))]
  }

  // MARK: Paths

  /// A path item for each path that has an open operation.
  var paths: [JSONValue.Member] {
    var paths: [JSONValue.Member] = []
    var seen: Set<String> = []
    for (template, row) in addresses {
      let path = pathOfSelected(template)
      let methods = row.endpoint.methods.filter { $0 != "HEAD" && $0 != "OPTIONS" }
      // Of one model, each method is told by its name.
      guard methods.contains(where: { scope.isOpen(row.endpoint, $0) }),
        scope.selected == nil || row.endpoint != .modelMethod, seen.insert(path).inserted
      else { continue }
      let shared = Self.parameters(of: path)
      var item: [JSONValue.Member] =
        shared.isEmpty ? [] : [.init("parameters", .array(shared))]
      for method in methods {
        item.append(.init(method.lowercased(), operation(row, method, template)))
      }
      paths.append(.init(path, .object(item)))
    }
    return paths + methodPaths
  }

  /// Methods that each have an address of their own, of one model.
  private static let methodCountMax = 32

  /// What a model's methods take and give, each at its own address.
  private var methodPaths: [JSONValue.Member] {
    guard let row = EndpointTable.rows.first(where: { $0.endpoint == .modelMethod }) else {
      return []
    }
    return (scope.selected.map { [$0] } ?? scope.models).flatMap { model in
      model.signature.methods.prefix(Self.methodCountMax).map { method in
        let place = scope.selected == nil ? model.name : "model"
        let item = operation(
          row, "POST", "/v2/models/\(place)/methods/\(method.name)",
          table.modelMethod(method, of: model),
          summary: MethodSchemas(method, of: model).description)
        let names = [model.name, method.name].map(PercentEncoding.encode)
        return .init(
          "/v2/models/\(names[0])/methods/\(names[1])", .object([.init("post", item)]))
      }
    }
  }

  /// Vertex AI's own come first, as they do where requests are led.
  private var addresses: [(path: String, row: EndpointTable.Row)] {
    let vertex = scope.settings.vertex.map { vertex in
      EndpointTable.rows.compactMap { row -> (String, EndpointTable.Row)? in
        switch (row.endpoint, row.path) {
        case (.vertexPredict, _): (vertex.predictPath, row)
        case (.plainReady, "/health"): (vertex.healthPath, row)
        default: nil
        }
      }
    }
    let rows = EndpointTable.rows.filter { $0.endpoint != .vertexPredict }
    let all = (vertex ?? []) + rows.flatMap { row in row.variants.map { ($0, row) } }
    guard let selected = scope.selected else { return all }
    let isDefault = scope.defaultModel?.name == selected.name
    return all.filter { path, row in
      path.contains(Self.modelPlace) || (isDefault && row.endpoint.meansDefaultModel)
    }
  }

  private static let modelPlace = "{model}"

  /// With the name of the model that alone is described.
  private func pathOfSelected(_ path: String) -> String {
    guard let selected = scope.selected else { return path }
    return path.split(separator: Self.modelPlace, omittingEmptySubsequences: false)
      .joined(separator: PercentEncoding.encode(selected.name))
  }

  private var modelSchema: JSONValue {
    let names = JSONValue.array(
      scope.modelNames.prefix(DescriptionScope.modelCountMax).map { .string($0) })
    if scope.modelNames.isEmpty { return ["type": "string"] }
    let areAll = scope.modelNames.count <= DescriptionScope.modelCountMax
    return ["type": "string", areAll ? "enum" : "examples": names]
  }

  private var modelParameter: JSONValue {
    ["name": "model", "in": "path", "required": true, "schema": modelSchema]
  }

  private static func parameters(of path: String) -> [JSONValue] {
    path.split(separator: "{").dropFirst().map { piece in
      let name = String(piece.prefix { $0 != "}" })
      // There may be many names, which are told once.
      if name == "model" { return ["$ref": "#/components/parameters/model"] }
      return [
        "name": .string(name), "in": "path", "required": true,
        "schema": ["type": "string", "minLength": 1],
      ]
    }
  }

  // MARK: Operations

  private func operation(
    _ row: EndpointTable.Row, _ method: String, _ path: String
  ) -> JSONValue {
    operation(row, method, path, table.operation(row.endpoint, method), summary: nil)
  }

  private func operation(
    _ row: EndpointTable.Row, _ method: String, _ path: String, _ described: DescribedOperation,
    summary: String?
  ) -> JSONValue {
    var described = described
    // `Allow` lists it beside others that are open, so what it is refused with is told.
    if !scope.isOpen(row.endpoint, method) { described.answers = [] }
    var members: [JSONValue.Member] = [
      .init("operationId", .string(Self.name(method, path))),
      .init("summary", .string(summary ?? row.purpose)),
      .init("tags", [.string(row.endpoint.group?.rawValue ?? Self.otherTag)]),
    ]
    if !described.parameters.isEmpty {
      members.append(.init("parameters", .array(described.parameters)))
    }
    if let body = described.requestBody { members.append(.init("requestBody", body)) }
    members.append(.init("responses", responses(described, row.endpoint, method)))
    let security = security(row.endpoint, method)
    if !security.isEmpty {
      members.append(.init("security", [.object(security.map { .init($0, []) })]))
    }
    return .object(members)
  }

  /// `post_v2_models_model_infer`, whichever model alone is described.
  private static func name(_ method: String, _ path: String) -> String {
    var name = method.lowercased()
    for scalar in path.unicodeScalars {
      switch scalar {
      case "{", "}": break
      case "a"..."z", "A"..."Z", "0"..."9", "_": name.unicodeScalars.append(scalar)
      default: if name.last != "_" { name += "_" }
      }
    }
    return name
  }

  private func responses(
    _ described: DescribedOperation, _ endpoint: Endpoint, _ method: String
  ) -> JSONValue {
    var kinds = described.failures.union(DescribedFailures.ofEveryRequest)
    if endpoint.isManagement(HTTPMethod(rawValue: method)), scope.management == .withKey {
      kinds.insert(.unauthenticated)
    }
    let failures = DescribedFailures.answers(to: kinds, in: scope.dialects(of: endpoint))
    let own = Set(described.answers.map(\.status))
    return .object(
      described.answers.map(\.document)
        + failures.filter { !own.contains($0.status) }.map {
          .init(String($0.status), $0.reference)
        })
  }

  // MARK: Security

  private static let keyScheme = "management"

  private func security(_ endpoint: Endpoint, _ method: String) -> [String] {
    var schemes: [String] = []
    if endpoint.isManagement(HTTPMethod(rawValue: method)), scope.management == .withKey {
      schemes.append(Self.keyScheme)
    }
    if let group = endpoint.group, scope.settings.restricted.lock(of: group) != nil {
      schemes.append(group.rawValue)
    }
    return schemes
  }

  private var securitySchemes: [JSONValue.Member] {
    var schemes: [JSONValue.Member] = []
    if scope.management == .withKey {
      schemes.append(.init(Self.keyScheme, ["type": "http", "scheme": "bearer"]))
    }
    for group in EndpointGroup.allCases {
      guard let lock = scope.settings.restricted.lock(of: group) else { continue }
      schemes.append(
        .init(group.rawValue, ["type": "apiKey", "in": "header", "name": .string(lock.header)]))
    }
    return schemes
  }
}
