import Inference

/// Which versions a name leads to.
///
/// Each entrance has a table of its own and takes over one name's route at a time, so that a change
/// costs the same however many models there are.
struct RouteTable: Sendable {
  /// One name's versions.
  struct Route: Sendable {
    /// Ready ones.
    var ready: [Int64: ServedModel] = [:]
    /// The others.
    var others: [Int64: Absent] = [:]
    /// Ready ones, ascending.
    var versions: [Int64] = []
    /// Names of versions, none of them all digits.
    var aliases: [String: Int64] = [:]
    /// Which version was asked last is noted, because another may need its memory.
    var notesUse = false
  }

  /// A version that does not answer now.
  struct Absent: Sendable {
    let state: ModelState
    /// A request may wait for it: it is loaded on demand.
    let wakes: Bool
  }

  private(set) var routes: [String: Route] = [:]

  /// Names that an answer about an unknown model lists: it is no catalogue.
  private static let knownNamesMax = 8

  mutating func set(_ route: Route?, for name: String) -> Route? {
    guard let route else { return routes.removeValue(forKey: name) }
    return routes.updateValue(route, forKey: name)
  }

  /// The version that an address means: the one it names, else the highest that is ready.
  func lease(_ address: ModelAddress) throws(InferenceFailure) -> ModelLease {
    guard let route = routes[address.name] else { throw notFound(address) }
    guard let number = route.number(for: address.version) else { throw notFound(address) }
    guard let model = route.ready[number] else {
      guard let absent = route.others[number] else { throw notFound(address) }
      throw .modelNotReady(name: address.name, state: absent.state)
    }
    if route.notesUse { model.noteUse() }
    return ModelLease(model: model, versions: route.versions)
  }

  /// Whether a request for this address may wait until the version is loaded.
  func wakes(_ address: ModelAddress) -> Bool {
    guard let route = routes[address.name], let number = route.number(for: address.version) else {
      return false
    }
    return route.others[number]?.wakes ?? false
  }

  /// Lists what there is of the kind that was not found: models, versions, or other names.
  private func notFound(_ address: ModelAddress) -> InferenceFailure {
    if let route = routes[address.name] {
      return .modelNotFound(address, known: Array(route.known(as: address.version)))
    }
    // All names are sorted only where they are few: anybody may ask for what is not there.
    let names =
      routes.count > 64 ? Array(routes.keys.prefix(Self.knownNamesMax)) : Array(routes.keys)
    return .modelNotFound(
      ModelAddress(name: address.name), known: Array(names.sorted().prefix(Self.knownNamesMax)))
  }
}

extension RouteTable.Route {
  /// The alias whose version is meant where none is named.
  private static let defaultAlias = "default"

  /// The version that is meant: where none is named that of the alias `default`, if it is ready, else
  /// the highest ready one, else the highest that a request may wake, else the highest.
  func number(for version: ModelAddress.Version) -> Int64? {
    switch version {
    case .any:
      aliases[Self.defaultAlias].flatMap { ready[$0] == nil ? nil : $0 } ?? versions.last
        ?? others.filter(\.value.wakes).keys.max() ?? others.keys.max()
    case .number(let number): number
    case .alias(let alias): aliases[alias]
    }
  }

  /// What could be asked for in place of such a version.
  func known(as version: ModelAddress.Version) -> [String] {
    if case .alias = version { return aliases.keys.sorted() }
    return (Array(ready.keys) + others.keys).sorted().map(String.init)
  }
}
