package import Inference
package import Serving
import WireFormats

/// What the management of TorchServe, and of SageMaker's containers with many models, asks of this
/// server, by the same means as `/v2/repository`. Its answers are documents and sentences, whatever
/// carries them. On worker threads; completions are called once, on any thread.
package struct ForeignManagement: Sendable {
  /// A sentence that says what was done.
  package typealias Completion = @Sendable (Result<String, InferenceFailure>) -> Void

  private let door: InferenceServer
  private let repository: (any FrontRepository)?
  private let waitingRequestsMax: Int

  package init(
    door: InferenceServer, repository: (any FrontRepository)?, waitingRequestsMax: Int
  ) {
    self.door = door
    self.repository = repository
    self.waitingRequestsMax = waitingRequestsMax
  }

  // MARK: Looking

  package func list(start: Int, limit: Int) -> [UInt8] {
    TorchServeDocuments.list(names: door.modelNames, start: start, limit: limit)
  }

  package func describe(_ address: ModelAddress) throws(InferenceFailure) -> [UInt8] {
    TorchServeDocuments.description(
      try versions(of: address).map {
        .init(
          name: $0.name, version: $0.version, runtimeName: $0.runtimeName, state: $0.state,
          instanceCount: $0.instanceCount, waitingCount: $0.queueDepth,
          waitingCountMax: waitingRequestsMax, runRowsMax: $0.runRowsMax,
          runDelayMilliseconds: Int64(clamping: $0.runDelayNanoseconds / 1_000_000))
      })
  }

  /// The versions that an address means, of which there is one at least.
  package func versions(of address: ModelAddress) throws(InferenceFailure) -> [ModelStatus] {
    let found = door.statuses(of: address)
    guard found.isEmpty else { return found }
    let all = door.statuses(named: address.name)
    throw .modelNotFound(
      all.isEmpty ? ModelAddress(name: address.name) : address,
      known: all.isEmpty ? door.modelNames : all.map { String($0.version) })
  }

  // MARK: Changing

  /// Loads the model that `url` means, under its own name.
  package func register(
    url: String?, wanted: String?, _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    let name = try Self.name(place: url, called: "url", wanted: wanted)
    if door.statuses(named: name).contains(where: { $0.state == .ready }) {
      throw .alreadyExists(name)
    }
    guard let repository else { throw Self.off }
    repository.load(name, ModelLoadRequest()) { [door] failure in
      if let failure { return completion(.failure(failure)) }
      let loaded = door.statuses(named: name).last
      completion(
        .success(
          "Model \"\(name)\" Version: \(loaded?.version ?? 1) registered with "
            + "\(loaded?.instanceCount ?? 1) initial workers"))
    }
  }

  /// The name under which the model directories have what a place means. Nothing else is loaded: no
  /// address of another machine, no path that leads out.
  static func name(
    place: String?, called field: String, wanted: String?
  ) throws(InferenceFailure) -> String {
    guard let place, !place.isEmpty else { throw .invalidInput(.missingField(field)) }
    let refusal = InferenceFailure.invalidInput(
      .parameter(
        field, expected: "the name of a model in this server's model directories", got: place))
    let parts = place.split(separator: "/").map(String.init)
    guard !place.contains("://"), !parts.contains(".."), let last = parts.last else {
      throw refusal
    }
    let stems = parts + [last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last]
    guard let wanted, !wanted.isEmpty else { return stems[stems.count - 1] }
    guard stems.contains(wanted) else {
      throw .invalidInput(
        .parameter(
          "model_name", expected: "the model's own name, as `\(field)` has it", got: wanted))
    }
    return wanted
  }

  package func unregister(
    _ address: ModelAddress, _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    let found = try versions(of: address)
    guard let repository else { throw Self.off }
    let ended: @Sendable (InferenceFailure?) -> Void = { failure in
      if let failure { return completion(.failure(failure)) }
      completion(.success("Model \"\(address.name)\" unregistered"))
    }
    if found.count == 1, door.statuses(named: address.name).count > 1 {
      repository.unload(address.name, version: found[0].version, ended)
    } else {
      repository.unload(address.name, withDependents: false, ended)
    }
  }

  /// As many instances as the setting `instances` takes.
  package static let workersMax = 4_096

  /// Instances are made when a model is loaded: within the bounds they stay as they are, else the
  /// versions are loaded anew beside themselves. Answered when that is done: the answer is about
  /// workers that there are.
  package func scale(
    _ address: ModelAddress, minimum: Int?, maximum: Int?, _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    let minimum = minimum ?? 1
    let maximum = maximum ?? max(minimum, 1)
    guard minimum <= maximum else {
      throw .invalidInput(
        .parameter("max_worker", expected: "`min_worker` or more", got: String(maximum)))
    }
    let others = try versions(of: address).filter { !(minimum...maximum ~= $0.instanceCount) }
    guard let first = others.first else { return completion(.success("Workers are as asked for")) }
    guard let repository else { throw Self.off }
    let count = min(max(first.instanceCount, minimum, 1), maximum)
    repository.scale(
      address.name, versions: Set(others.map(\.version)), instanceCount: count
    ) { failure in
      if let failure { return completion(.failure(failure)) }
      completion(.success("Workers scaled to \(count) for model: \(address.name)"))
    }
  }

  /// The alias `default` names the version that answers where none is named.
  package func setDefault(_ address: ModelAddress) throws(InferenceFailure) -> String {
    guard let found = try versions(of: address).last else {
      throw .modelNotFound(address, known: [])
    }
    guard found.state == .ready else {
      throw .modelNotReady(name: address.name, state: found.state)
    }
    try setAliases(["default": found.version], of: address.name)
    return
      "Default version succesfully updated for model \"\(address.name)\" to \"\(found.version)\""
  }

  private func setAliases(
    _ aliases: [String: Int64?], of name: String
  ) throws(InferenceFailure) {
    if let repository {
      try repository.setAliases(aliases, of: name)
    } else {
      try door.setAliases(aliases, of: name)
    }
  }

  private static let off = InferenceFailure.forbidden(.explicitControlOff(mode: "none"))
}
