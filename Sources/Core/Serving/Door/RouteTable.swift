import Inference

/// Which versions a name leads to. Immutable: a change publishes a new table.
struct RouteTable: Sendable {
  /// One name's versions.
  struct Route: Sendable {
    /// Ready ones.
    var ready: [Int64: ServedModel] = [:]
    /// The others, and what state they are in.
    var others: [Int64: ModelState] = [:]
    /// Ready ones, ascending.
    var versions: [Int64] = []
  }

  var routes: [String: Route] = [:]

  /// The version that an address means: the one it names, else the highest that is ready.
  func lease(_ address: ModelAddress) throws(InferenceFailure) -> ModelLease {
    guard let route = routes[address.name] else { throw notFound(address) }
    switch address.version {
    case .any:
      if let latest = route.versions.last, let model = route.ready[latest] {
        return ModelLease(model: model, versions: route.versions)
      }
      let state = route.others.max { $0.key < $1.key }?.value
      throw .modelNotReady(name: address.name, state: state ?? .gone)
    case .number(let number):
      if let model = route.ready[number] {
        return ModelLease(model: model, versions: route.versions)
      }
      guard let state = route.others[number] else { throw notFound(address) }
      throw .modelNotReady(name: address.name, state: state)
    case .alias:
      throw notFound(address)
    }
  }

  /// Names at most a handful: an answer is no catalogue.
  private func notFound(_ address: ModelAddress) -> InferenceFailure {
    .modelNotFound(address, known: Array(routes.keys.sorted().prefix(8)))
  }
}
