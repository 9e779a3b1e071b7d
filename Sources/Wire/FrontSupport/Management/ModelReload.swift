package import Inference
package import Serving
package import WireFormats

/// What TensorFlow Serving's reload asks for: that these models are served, and no others. By the same
/// means as `/v2/repository`: models of this server's directories, under their own names.
package struct ModelReload: Sendable {
  package typealias Completion = @Sendable (InferenceFailure?) -> Void

  private let door: InferenceServer
  private let repository: (any FrontRepository)?

  package init(door: InferenceServer, repository: (any FrontRepository)?) {
    self.door = door
    self.repository = repository
  }

  /// Loads what is wished for, one after the other, and unloads the rest once all of it is there; the
  /// first failure ends it, with what was served still served. On a worker; `completion` is called
  /// once, on any thread.
  package func run(
    _ wishes: [ReloadDocument.Wish], _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    guard let repository else { throw .forbidden(.explicitControlOff(mode: "none")) }
    for wish in wishes {
      _ = try ForeignManagement.name(
        place: wish.place.isEmpty ? wish.name : wish.place, called: "base_path", wanted: wish.name)
    }
    load(wishes[...], of: wishes, repository, completion)
  }

  private func load(
    _ rest: ArraySlice<ReloadDocument.Wish>, of all: [ReloadDocument.Wish],
    _ repository: any FrontRepository, _ completion: @escaping Completion
  ) {
    guard let wish = rest.first else {
      let names = Set(all.map(\.name))
      let others = door.statuses.filter { $0.state != .gone && !names.contains($0.name) }
      unload(Set(others.map(\.name)).sorted()[...], repository, completion)
      return
    }
    repository.load(wish.name, ModelLoadRequest()) { failure in
      if let failure { return completion(failure) }
      do throws(InferenceFailure) {
        try settle(wish, repository)
        load(rest.dropFirst(), of: all, repository, completion)
      } catch {
        completion(error)
      }
    }
  }

  /// Versions are those that the model's configuration chooses; labels are aliases.
  private func settle(
    _ wish: ReloadDocument.Wish, _ repository: any FrontRepository
  ) throws(InferenceFailure) {
    let statuses = door.statuses(named: wish.name)
    let served = Set(statuses.filter { $0.state == .ready }.map(\.version))
    guard wish.versions.isSubset(of: served), served.count >= wish.versionCountMin else {
      throw .unsupported(
        .other(
          "other versions of \(PublicText.quoted(wish.name)) than its configuration chooses, which "
            + "are \(PublicText.quoted(served.sorted().map(String.init))); set version_policy there"
        ))
    }
    var aliases: [String: Int64?] = [:]
    for old in statuses.flatMap(\.aliases) where wish.labels[old] == nil {
      aliases[old] = .some(nil)
    }
    if let odd = wish.labels.first(where: { !served.contains($0.value) }) {
      throw .modelNotFound(
        ModelAddress(name: wish.name, version: .number(odd.value)),
        known: served.sorted().map(String.init))
    }
    // A reload that says nothing of labels leaves them.
    guard !wish.labels.isEmpty else { return }
    for (label, version) in wish.labels { aliases[label] = version }
    try repository.setAliases(aliases, of: wish.name)
  }

  private func unload(
    _ rest: ArraySlice<String>, _ repository: any FrontRepository,
    _ completion: @escaping Completion
  ) {
    guard let name = rest.first else { return completion(nil) }
    repository.unload(name, withDependents: false) { failure in
      if let failure { return completion(failure) }
      unload(rest.dropFirst(), repository, completion)
    }
  }
}
