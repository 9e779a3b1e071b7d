import Inference

/// All versions that are known, and the entrances that have to hear of a change.
struct Registry: Sendable {
  /// One version.
  private struct Version: Sendable {
    var specification: ModelSpecification
    var state: ModelState
    var served: ServedModel?
    var isOnDemand: Bool
    /// Why it was not loaded anew, where that was tried and failed.
    var problem: String?
  }

  /// One name.
  private struct Model: Sendable {
    var versions: [Int64: Version] = [:]
    var aliases: [String: Int64] = [:]
  }

  private var models: [String: Model] = [:]
  private var entrances: [Entrance] = []
  private var loopCount = 0
  private var table = RouteTable()
  /// The models of the start are not all known yet.
  var isOpening = false
  var isDraining = false

  mutating func makeEntrance(isEventLoop: Bool, orders: CaretakerOrders) -> Entrance {
    let entrance = Entrance(
      loopIndex: isEventLoop ? loopCount : nil, routes: table, orders: orders)
    if isEventLoop { loopCount += 1 }
    entrances.append(entrance)
    return entrance
  }

  // MARK: Changes

  /// Notes that a version does not answer, and why; false where that was known. One that is served
  /// goes on answering.
  mutating func set(
    _ state: ModelState, at key: ModelKey, specification: ModelSpecification, isOnDemand: Bool
  ) -> Bool {
    let known = models[key.name]?.versions[key.version]
    if known?.served != nil {
      guard case .failed(let reason) = state else { return false }
      models[key.name]?.versions[key.version]?.problem = reason
      return true
    }
    models[key.name, default: Model()].versions[key.version] = Version(
      specification: specification, state: state, isOnDemand: isOnDemand)
    publish(key.name)
    return known?.state != state
  }

  /// Opens a version to requests and answers the one that it replaces.
  mutating func publish(
    _ model: ServedModel, at key: ModelKey, isOnDemand: Bool
  ) -> ServedModel? {
    let replaced = served(key)
    let specification = model.core.specification
    models[key.name, default: Model()].versions[key.version] = Version(
      specification: specification, state: .ready, served: model, isOnDemand: isOnDemand)
    for alias in specification.aliases { models[key.name]?.aliases[alias] = key.version }
    publish(key.name)
    return replaced
  }

  /// Takes a version out of the routes and answers it where it was served; it stays listed in
  /// `state`, or not at all where that is `gone`.
  mutating func close(_ key: ModelKey, leaving state: ModelState) -> ServedModel? {
    let served = served(key)
    if state == .gone {
      models[key.name]?.versions[key.version] = nil
      if models[key.name]?.versions.isEmpty ?? false { models[key.name] = nil }
    } else {
      models[key.name]?.versions[key.version]?.served = nil
      models[key.name]?.versions[key.version]?.state = state
    }
    publish(key.name)
    return served
  }

  /// Gives versions of a model names, or takes names away where the version is `nil`; false where
  /// there is no such model.
  mutating func setAliases(_ aliases: [String: Int64?], of name: String) -> Bool {
    guard models[name] != nil else { return false }
    for (alias, version) in aliases { models[name]?.aliases[alias] = version }
    publish(name)
    return true
  }

  /// Notes, for all versions of a name, why they could not be changed.
  mutating func note(_ problem: String?, of name: String) {
    for version in (models[name]?.versions ?? [:]).keys {
      models[name]?.versions[version]?.problem = problem
    }
  }

  mutating func removeAll() {
    let names = Array(models.keys)
    models = [:]
    for name in names { publish(name) }
    entrances = []
  }

  private mutating func publish(_ name: String) {
    let route = models[name].map(Self.route)
    _ = table.set(route, for: name)
    for entrance in entrances { entrance.publish(route, for: name) }
  }

  private static func route(_ model: Model) -> RouteTable.Route {
    var route = RouteTable.Route()
    for (number, version) in model.versions {
      if let served = version.served {
        route.ready[number] = served
      } else {
        let wakes =
          version.isOnDemand && (version.state == .dormant || version.state == .loading)
        route.others[number] = RouteTable.Absent(state: version.state, wakes: wakes)
      }
      route.notesUse = route.notesUse || version.isOnDemand
    }
    route.versions = route.ready.keys.sorted()
    route.aliases = model.aliases
    return route
  }

  // MARK: Reading

  func served(_ key: ModelKey) -> ServedModel? { models[key.name]?.versions[key.version]?.served }

  func lease(_ address: ModelAddress) throws(InferenceFailure) -> ModelLease {
    try table.lease(address)
  }

  /// The version that an address means, ready or not.
  func key(for address: ModelAddress) -> ModelKey? {
    table.routes[address.name]?.number(for: address.version).map {
      ModelKey(name: address.name, version: $0)
    }
  }

  /// The versions of a name, or all.
  func keys(name: String, version: Int64?) -> [ModelKey] {
    (models[name]?.versions.keys.sorted() ?? []).filter { version == nil || $0 == version }
      .map { ModelKey(name: name, version: $0) }
  }

  func hasModel(_ name: String) -> Bool { models[name] != nil }

  var cores: [ModelCore] {
    models.values.flatMap { $0.versions.values.compactMap { $0.served?.core } }
  }

  /// Names of which no version answers, or would on demand; with the state of the highest version.
  var unready: [(name: String, state: ModelState)] {
    models.compactMap { name, model in
      let isWell = model.versions.values.contains { $0.state == .ready || $0.state == .dormant }
      // One on its way because a request asked for it was well before and is well after.
      let isWaking = model.versions.values.contains { $0.isOnDemand && $0.state == .loading }
      guard !isWell, !isWaking, let last = model.versions.max(by: { $0.key < $1.key }) else {
        return nil
      }
      return (name, last.value.state)
    }
  }

  var statuses: [ModelStatus] {
    models.sorted { $0.key < $1.key }.flatMap { statuses(named: $0.key) }
  }

  func statuses(named name: String) -> [ModelStatus] {
    guard let model = models[name] else { return [] }
    return model.versions.sorted { $0.key < $1.key }.map { number, version in
      var status = ModelStatus(
        name: name, version: number, state: isDraining ? .draining : version.state,
        specification: version.specification, core: version.served?.core)
      status.problem = version.problem
      status.aliases = model.aliases.filter { $0.value == number }.keys.sorted()
      return status
    }
  }
}
