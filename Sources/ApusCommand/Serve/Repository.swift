import FrontSupport
import HTTPFront
import Inference
import ModelStore
import Monitoring
import Serving
import Settings
import Synchronization
import WireFormats

/// The models that this server may load: which there are, which of them are wished for, and by whom
/// that may be changed.
final class Repository: FrontRepository {
  private let paths: [String]
  private let settings: ServeSettings
  private let door: InferenceServer
  private let log: ServerLog
  private let specifications: ModelSpecifications
  /// Which models each graph asks, of all that were ever loaded.
  private let needs = Guarded<[String: Set<String>]>([:])
  /// Why the models of these names could not be read when that was tried last.
  private let unread = Guarded<[String: String]>([:])
  /// Wakes the thread that polls, and ends it.
  private let isClosing = Signal(false)
  private let pollThread = Guarded<NamedThread?>(nil)
  /// Aliases that requests set; `nil` where none are kept.
  private let aliasFile: AliasFile?

  init(
    paths: [String], settings: ServeSettings, door: InferenceServer, log: ServerLog,
    specifications: ModelSpecifications
  ) {
    self.paths = paths
    self.settings = settings
    self.door = door
    self.log = log
    self.specifications = specifications
    let directory = Environment.directory(
      settings.stateDirectory, variable: "XDG_STATE_HOME", inHome: ".local/state")
    // The demo models have one version each, and no place that tells one server from another.
    aliasFile = paths.isEmpty ? nil : directory.map { AliasFile(directory: $0, paths: paths) }
  }

  // MARK: At the start

  /// Loads what is to be served from the start; blocks. Gives what could not be.
  func open() throws(ServerFault) -> [ServerFault] {
    if let problem = aliasFile?.open() { log.write(.warn, problem.reason) }
    switch settings.modelControlMode {
    case .none:
      let plans =
        paths.isEmpty
        ? ModelPlans.demos(settings: settings) : try ModelPlans.find(paths, settings: settings)
      let faults = loadAll(plans)
      if let fault = faults.first, faults.count == plans.count { throw fault }
      return faults
    case .poll:
      let marks = lookAtFiles()
      let faults = loadEach(marks.keys.sorted { $0.name < $1.name })
      beginPolling(RepositoryWatch(marks))
      return faults
    case .explicit: return loadEach(try chosenPlaces())
    }
  }

  private func chosenPlaces() throws(ServerFault) -> [RepositoryPlace] {
    let places = RepositoryPlace.list(paths)
    if settings.loadModels == ["*"] { return places }
    var chosen: [RepositoryPlace] = []
    for name in settings.loadModels {
      guard let place = places.first(where: { $0.name == name }) else {
        throw .nothingToServe(path: name, reason: Self.nothing)
      }
      chosen.append(place)
    }
    return chosen
  }

  private func loadEach(_ places: [RepositoryPlace]) -> [ServerFault] {
    var plans: [ModelPlan] = []
    var faults: [ServerFault] = []
    for place in places {
      do throws(ServerFault) {
        plans += try ModelPlans.find(place, settings: settings)
      } catch {
        unread.withLock { $0[place.name] = "\(error)" }
        faults.append(error)
      }
    }
    return faults + loadAll(plans)
  }

  private func loadAll(_ plans: [ModelPlan]) -> [ServerFault] {
    do throws(ServerFault) {
      let all = try prepared(plans)
      // A graph knows its models' inputs and outputs from the models, so these are there before it.
      let needed = all.reduce(into: Set<String>()) { $0.formUnion($1.needs) }
      let (eager, others) = all.partitioned { !$0.needs.isEmpty || needed.contains($0.name) }
      return load(eager, isOnDemand: false)
        + load(others, isOnDemand: settings.isLoadedOnDemand)
    } catch {
      return [error]
    }
  }

  private func load(
    _ specifications: [ModelSpecification], isOnDemand: Bool
  ) -> [ServerFault] {
    let ended = Signal<[ServerFault]?>(nil)
    door.load(specifications, isOnDemand: isOnDemand) { faults in ended.update { $0 = faults } }
    return ended.sleepUntilReady { $0 } ?? []
  }

  /// What the server loads for these plans; what they warn of goes to the log.
  private func prepared(_ plans: [ModelPlan]) throws(ServerFault) -> [ModelSpecification] {
    var specifications = try specifications.of(plans)
    if let aliasFile {
      for place in specifications.indices {
        let (name, version) = (specifications[place].name, specifications[place].version)
        specifications[place].aliases = aliasFile.aliases(
          specifications[place].aliases, of: name, version: version)
      }
    }
    for plan in plans {
      for warning in plan.warnings { log.write(.warn, warning) }
      needs.withLock { $0[plan.name] = plan.needs }
    }
    return specifications
  }

  /// All that a graph asks, and what those ask.
  private func dependents(of name: String) -> [String] {
    let needs = needs.withLock { $0 }
    var found: [String] = []
    var open = Array(needs[name] ?? [])
    while let next = open.popLast() {
      guard !found.contains(next), next != name else { continue }
      found.append(next)
      open += needs[next] ?? []
    }
    return found
  }

  // MARK: FrontRepository

  var isControlledByRequests: Bool { settings.modelControlMode == .explicit }

  func load(
    _ name: String, _ request: ModelLoadRequest,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    guard settings.modelControlMode == .explicit else { return completion(refusal) }
    do throws(ServerFault) {
      let override = request.configuration.map { Array($0.utf8) }
      let upload = try upload(request, as: name)
      guard let place = upload?.place ?? place(named: name) else {
        return completion(.modelRefused(name: name, reason: "\(Self.nothing); \(whatThereIs)"))
      }
      let plans = try ModelPlans.find(place, settings: settings, override: override)
      unread.withLock { $0[name] = nil }
      if let other = plans.first(where: { $0.name != name }) {
        throw .nothingToServe(path: name, reason: "the model there is called \(other.name)")
      }
      var specifications = try prepared(plans)
      for index in specifications.indices { specifications[index].kept = upload }
      door.load(specifications, replacing: name) { faults in
        completion(faults.first.map { Self.refusal(of: name, $0) })
      }
    } catch {
      completion(Self.refusal(of: name, error))
    }
  }

  func unload(
    _ name: String, withDependents: Bool,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    guard settings.modelControlMode == .explicit else { return completion(refusal) }
    guard !door.statuses(named: name).isEmpty else {
      return completion(.modelNotFound(ModelAddress(name: name), known: knownNames))
    }
    // A graph goes before the models that it asks.
    let others = withDependents ? dependents(of: name) : []
    door.unload(name: name) { [door] in
      for other in others.dropLast() { door.unload(name: other) {} }
      guard let last = others.last else { return completion(nil) }
      door.unload(name: last) { completion(nil) }
    }
  }

  func unload(
    _ name: String, version: Int64,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    guard settings.modelControlMode == .explicit else { return completion(refusal) }
    door.unload(name: name, version: version) { completion(nil) }
  }

  func scale(
    _ name: String, versions: Set<Int64>, instanceCount: Int,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    guard settings.modelControlMode == .explicit else { return completion(refusal) }
    do throws(ServerFault) {
      guard let place = place(named: name) else {
        return completion(.modelRefused(name: name, reason: "\(Self.nothing); \(whatThereIs)"))
      }
      let plans = try ModelPlans.find(place, settings: settings)
      var specifications = try prepared(
        plans.filter { $0.name == name && versions.contains($0.version) })
      guard specifications.count == versions.count else {
        throw .nothingToServe(path: name, reason: "the repository has these versions no more")
      }
      for index in specifications.indices {
        specifications[index].fixInstances(at: instanceCount)
      }
      door.load(specifications) { faults in
        completion(faults.first.map { Self.refusal(of: name, $0) })
      }
    } catch {
      completion(Self.refusal(of: name, error))
    }
  }

  func setAliases(_ aliases: [String: Int64?], of name: String) throws(InferenceFailure) {
    try door.setAliases(aliases, of: name)
    do throws(TextFile.Problem) {
      try aliasFile?.keep(aliases, of: name)
    } catch {
      log.write(.warn, "the aliases of \(name) hold until the server ends: \(error.reason)")
    }
  }

  func unknownEntries() -> [RepositoryEntry] {
    let known = Set(door.statuses.map(\.name))
    let unread = unread.withLock { $0 }.filter { !known.contains($0.key) }
    var states = unread.mapValues { ModelState.failed(reason: $0) }
    if settings.modelControlMode == .explicit {
      for place in RepositoryPlace.list(paths)
      where !known.contains(place.name) && states[place.name] == nil {
        states[place.name] = .gone
      }
    }
    return states.sorted { $0.key < $1.key }.map {
      RepositoryEntry(name: $0.key, version: nil, state: $0.value)
    }
  }

  private var refusal: InferenceFailure {
    .forbidden(.explicitControlOff(mode: settings.modelControlMode.rawValue))
  }

  private static func refusal(of name: String, _ fault: ServerFault) -> InferenceFailure {
    .modelRefused(name: name, reason: "\(fault)")
  }

  private func upload(
    _ request: ModelLoadRequest, as name: String
  ) throws(ServerFault) -> UploadedFolder? {
    if request.files.isEmpty { return nil }
    return try UploadedFolder(model: name, files: request.files.map { ($0.path, $0.bytes) })
  }

  private func place(named name: String) -> RepositoryPlace? {
    RepositoryPlace.find(name, in: paths)
  }

  private static let nothing = "no model of that name is in the repository"

  private var whatThereIs: String {
    let names = knownNames
    return names.isEmpty ? "it is empty" : "it has \(names.joined(separator: ", "))"
  }

  private var knownNames: [String] {
    Array(Set(RepositoryPlace.list(paths).map(\.name)).sorted().prefix(8))
  }

  // MARK: Polling

  private func lookAtFiles() -> [RepositoryPlace: FileMarks] {
    var marks: [RepositoryPlace: FileMarks] = [:]
    for place in RepositoryPlace.list(paths) { marks[place] = FileMarks(path: place.path) }
    return marks
  }

  private func beginPolling(_ watch: RepositoryWatch) {
    let thread = NamedThread(name: "apus:poll") { [self] in poll(watch) }
    pollThread.withLock { $0 = thread }
  }

  private func poll(_ start: RepositoryWatch) {
    var watch = start
    while true {
      let next = MonotonicClock.now().advanced(by: .seconds(settings.repositoryPollSecs))
      let isOver = isClosing.sleepUntilReady(before: next.nanoseconds) { $0 ? true : nil }
      if isOver == true { return }
      let found = lookAtFiles()
      for change in watch.look(found) { follow(change, found) }
    }
  }

  private func follow(_ change: RepositoryWatch.Change, _ found: [RepositoryPlace: FileMarks]) {
    switch change {
    case .appeared(let place): update(place, from: nil, to: found[place])
    case .changed(let place, let before): update(place, from: before, to: found[place])
    case .removed(let place):
      log.write(.info, "model \(place.name) is no longer in the repository")
      unread.withLock { $0[place.name] = nil }
      door.unload(name: place.name) {}
    }
  }

  /// Loads versions that are new or have changed; the others stay as they are.
  private func update(_ place: RepositoryPlace, from before: FileMarks?, to now: FileMarks?) {
    do throws(ServerFault) {
      let plans = try ModelPlans.find(place, settings: settings)
      let serving = Set(
        door.statuses(named: place.name).filter { $0.state == .ready }.map(\.version))
      let kept = plans.filter { plan in
        guard let before, let now, serving.contains(plan.version) else { return false }
        return now.isSame(as: before, forVersion: plan.version)
      }
      let keptVersions = Set(kept.map(\.version))
      let changed = plans.filter { !keptVersions.contains($0.version) }
      let specifications = try prepared(changed)
      door.noteProblem(nil, of: place.name)
      unread.withLock { $0[place.name] = nil }
      let isNeeded = needs.withLock { needs in needs.values.contains { $0.contains(place.name) } }
      let isGraph = specifications.contains { !$0.needs.isEmpty }
      door.load(
        specifications, isOnDemand: settings.isLoadedOnDemand && !isNeeded && !isGraph,
        replacing: place.name,
        keeping: keptVersions
      ) { _ in }
    } catch {
      unread.withLock { $0[place.name] = "\(error)" }
      guard !door.statuses(named: place.name).isEmpty else {
        return log.write(.error, "model \(place.name) cannot be read: \(error)")
      }
      log.write(.error, "model \(place.name) has changed and stays as it was: \(error)")
      door.noteProblem("it has changed and stays as it was: \(error)", of: place.name)
    }
  }

  /// Ends the polling; blocks for moments.
  func close() {
    isClosing.update { $0 = true }
    pollThread.withLock { $0 }?.join()
  }
}

extension Array {
  /// Those for which it is so, and the others; each in their order.
  fileprivate func partitioned(_ isFirst: (Element) -> Bool) -> ([Element], [Element]) {
    (filter(isFirst), filter { !isFirst($0) })
  }
}
