import Inference

/// Names one version of a model.
struct ModelKey: Sendable, Hashable, Comparable {
  let name: String
  let version: Int64

  static func < (left: ModelKey, right: ModelKey) -> Bool {
    (left.name, left.version) < (right.name, right.version)
  }
}

/// All versions that are known, and the entrances that have to hear of a change.
struct Registry: Sendable {
  private struct Entry: Sendable {
    var specification: ModelSpecification
    var state: ModelState
    var served: ServedModel?
  }

  private var entries: [ModelKey: Entry] = [:]
  private var entrances: [Entrance] = []
  private var loopCount = 0
  private var table = RouteTable()
  var isDraining = false

  mutating func makeEntrance(isEventLoop: Bool) -> Entrance {
    let entrance = Entrance(loopIndex: isEventLoop ? loopCount : nil, routes: table)
    if isEventLoop { loopCount += 1 }
    entrances.append(entrance)
    return entrance
  }

  mutating func set(_ state: ModelState, at key: ModelKey, specification: ModelSpecification) {
    // A version that is ready stays open while its successor of the same number loads.
    if let entry = entries[key], entry.served != nil, state != .ready { return }
    entries[key] = Entry(specification: specification, state: state, served: nil)
    publish()
  }

  /// Opens a version to requests and answers the one that it replaces.
  mutating func publish(_ model: ServedModel, at key: ModelKey) -> ServedModel? {
    let replaced = entries[key]?.served
    entries[key] = Entry(specification: model.core.specification, state: .ready, served: model)
    publish()
    return replaced
  }

  /// Removes versions from the routes and answers those that were served; their memory goes with
  /// the last lease.
  mutating func close(name: String, version: Int64?) -> [ServedModel] {
    let keys = entries.keys.filter { $0.name == name && (version == nil || $0.version == version) }
    let served = keys.sorted().compactMap { entries[$0]?.served }
    for key in keys { entries[key] = nil }
    publish()
    return served
  }

  mutating func removeAll() {
    entries = [:]
    publish()
    entrances = []
  }

  var cores: [ModelCore] { entries.values.compactMap { $0.served?.core } }

  var isReady: Bool { !isDraining && entries.values.allSatisfy { $0.state == .ready } }

  var statuses: [ModelStatus] {
    entries.sorted { $0.key < $1.key }.map { key, entry in
      ModelStatus(
        name: key.name, version: key.version, state: isDraining ? .draining : entry.state,
        specification: entry.specification, core: entry.served?.core)
    }
  }

  private mutating func publish() {
    var next = RouteTable()
    for (key, entry) in entries {
      var route = next.routes[key.name] ?? RouteTable.Route()
      if let served = entry.served {
        route.ready[key.version] = served
        route.versions.append(key.version)
      } else {
        route.others[key.version] = entry.state
      }
      next.routes[key.name] = route
    }
    for name in next.routes.keys { next.routes[name]?.versions.sort() }
    table = next
    for entrance in entrances { entrance.publish(next) }
  }
}

/// Versions that nobody can reach any more, until they have drained and their memory is back.
struct RetiringModels: Sendable {
  private var waiting: [ModelCore] = []
  private var current: ModelCore?
  /// Those that an unload waits for, from before their last lease is gone.
  private var expected: Set<ObjectIdentifier> = []
  var isClosing = false

  mutating func add(_ core: ModelCore) {
    if isClosing {
      expected.remove(ObjectIdentifier(core))
      return
    }
    waiting.append(core)
  }

  /// The next to see out: `.some(nil)` where there will be none, `nil` where there is none yet.
  mutating func next() -> ModelCore?? {
    if !waiting.isEmpty {
      current = waiting.removeFirst()
      return .some(current)
    }
    return isClosing ? .some(nil) : nil
  }

  mutating func isGone(_ core: ModelCore) {
    current = nil
    expected.remove(ObjectIdentifier(core))
  }

  /// Somebody waits until these are gone.
  mutating func expect(_ cores: [ObjectIdentifier]) { expected.formUnion(cores) }

  func expects(_ cores: [ObjectIdentifier]) -> Bool { !expected.isDisjoint(with: cores) }
}
