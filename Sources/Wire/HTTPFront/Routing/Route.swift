import Inference
import NIOHTTP1

/// Where a request's target leads.
struct Route: Sendable {
  let endpoint: Endpoint
  /// The model that the path names; empty where it names none.
  let address: ModelAddress
  /// Decoded, without the query.
  let path: String
  /// What follows `?`, still encoded.
  let query: String

  /// A route that settings name instead of the table.
  init(_ endpoint: Endpoint, path: String, query: String = "") {
    self.endpoint = endpoint
    address = Self.noModel
    self.path = path
    self.query = query
  }

  /// Reads a request's target; `nil` where nothing of ours is there.
  init?(target: String) {
    let target = Self.withoutAuthority(target)
    let mark = target.firstIndex(of: "?")
    let rawPath = target[..<(mark ?? target.endIndex)]
    query = mark.map { String(target[target.index(after: $0)...]) } ?? ""
    var segments: [String] = []
    for raw in rawPath.split(separator: "/", omittingEmptySubsequences: true) {
      guard let segment = PercentEncoding.decode(raw) else { return nil }
      segments.append(segment)
    }
    path = "/" + segments.joined(separator: "/")
    guard let (endpoint, address) = Self.find(segments) else { return nil }
    self.endpoint = endpoint
    self.address = address
  }

  /// What follows the path's last `/`: the name of a method.
  var lastSegment: String {
    String(path[(path.lastIndex(of: "/") ?? path.startIndex)...].dropFirst())
  }

  private static let noModel = ModelAddress(name: "")

  private static func find(_ segments: [String]) -> (Endpoint, ModelAddress)? {
    switch (segments.first, segments.count) {
    case (nil, _), ("assets", 2...), ("docs", 1): (.page, noModel)
    case ("openapi.json", 1): (.description, noModel)
    case ("v2", _): findOpenInference(segments.dropFirst())
    case ("metrics", 1): (.metrics, noModel)
    case ("healthz", 1), ("livez", 1): (.plainLive, noModel)
    case ("readyz", 1): (.plainReady, noModel)
    default: DialectPaths.find(segments)
    }
  }

  private static func findOpenInference(
    _ segments: ArraySlice<String>
  ) -> (Endpoint, ModelAddress)? {
    switch Array(segments) {
    case []: (.serverMetadata, noModel)
    case ["health", "live"]: (.serverLive, noModel)
    case ["health", "ready"]: (.serverReady, noModel)
    case ["models"]: (.modelList, noModel)
    case ["models", "stats"]: (.allStatistics, noModel)
    case ["trace", "setting"]: (.traceSettings, noModel)
    case ["logging"]: (.logSettings, noModel)
    case let all where all[0].hasSuffix("sharedmemory"): findMemory(all)
    case let all where all[0] == "repository": findRepository(all.dropFirst())
    case let all where all.count > 1 && all[0] == "models": findModel(all.dropFirst())
    default: nil
    }
  }

  /// `index`, `models/{m}/{verb}`, and the same behind a repository's name, of which there is one.
  private static func findRepository(
    _ segments: ArraySlice<String>
  ) -> (Endpoint, ModelAddress)? {
    switch (segments.first, segments.count) {
    case ("index", 1): return (.repositoryIndex, noModel)
    case ("models", 3):
      let (name, verb) = (segments[segments.startIndex + 1], segments[segments.startIndex + 2])
      return repositoryVerbs[verb].map { ($0, ModelAddress(name: name)) }
    case (_, 2), (_, 4): return findRepository(segments.dropFirst())
    default: return nil
    }
  }

  /// `{kind}/{verb}` and `{kind}/region/{r}/{verb}`; the region's name takes the model's place.
  private static func findMemory(_ segments: [String]) -> (Endpoint, ModelAddress)? {
    guard let verb = segments.last, let endpoint = memoryVerbs["\(segments[0])/\(verb)"] else {
      return nil
    }
    switch segments.count {
    case 2: return (endpoint, noModel)
    case 4 where segments[1] == "region":
      return (endpoint, ModelAddress(name: segments[2]))
    default: return nil
    }
  }

  private static let memoryVerbs: [String: Endpoint] = [
    "systemsharedmemory/status": .systemMemoryStatus,
    "systemsharedmemory/register": .systemMemoryRegister,
    "systemsharedmemory/unregister": .systemMemoryUnregister,
    "cudasharedmemory/status": .cudaMemoryStatus,
    "cudasharedmemory/register": .cudaMemoryRegister,
    "cudasharedmemory/unregister": .cudaMemoryUnregister,
  ]

  private static let repositoryVerbs: [String: Endpoint] = [
    "load": .modelLoad, "unload": .modelUnload, "aliases": .modelAliases,
  ]

  /// `{m}`, `{m}/{verb}`, `{m}/methods/{name}`, and the same with `versions/{v}` behind `{m}`.
  private static func findModel(_ segments: ArraySlice<String>) -> (Endpoint, ModelAddress)? {
    var rest = segments
    let name = rest.removeFirst()
    var version: String?
    if rest.first == "versions" {
      guard rest.count > 1 else { return nil }
      version = rest[rest.startIndex + 1]
      rest = rest.dropFirst(2)
    }
    let address = ModelAddress(name: Substring(name), version: version.map { Substring($0) })
    guard let verb = rest.first else { return (.modelMetadata, address) }
    if Array(rest) == ["trace", "setting"] { return (.traceSettings, address) }
    if verb == "methods", rest.count == 2 { return (.modelMethod, address) }
    guard rest.count == 1, let endpoint = verbs[verb] else { return nil }
    return (endpoint, address)
  }

  private static let verbs: [String: Endpoint] = [
    "ready": .modelReady, "config": .modelConfig, "infer": .infer, "generate": .generate,
    "generate_stream": .generateStream, "stats": .modelStatistics, "detect": .detect,
    "classify": .classify,
  ]

  /// A proxy may send the absolute form, `http://host/path`.
  private static func withoutAuthority(_ target: String) -> Substring {
    guard !target.hasPrefix("/"), let scheme = target.firstRange(of: "://") else {
      return target[...]
    }
    let rest = target[scheme.upperBound...]
    return rest.firstIndex(of: "/").map { rest[$0...] } ?? "/"
  }
}

extension Route {
  /// What a connection asked for last: clients ask for the same thing again and again, and
  /// comparing two strings costs less than taking one apart.
  struct Memory {
    private var target = ""
    private var method = HTTPMethod.GET
    private var route: Route?
    /// `POST /v2/models/m/infer`, for logs.
    private(set) var operation = ""

    mutating func route(for target: String, method: HTTPMethod) -> Route? {
      if self.target != target || self.method != method || operation.isEmpty {
        self.target = target
        self.method = method
        route = Route(target: target)
        operation = "\(method.rawValue) \(target.prefix { $0 != "?" })"
      }
      return route
    }
  }
}
