package import Inference
package import Serving
package import WireFormats

/// Loads and unloads models by name, for those who may manage this server. Called on worker threads;
/// a completion is called once, on any thread, with why it was not done.
package protocol FrontRepository: Sendable {
  /// Models are loaded and unloaded by request; else both are refused.
  var isControlledByRequests: Bool { get }
  func load(
    _ name: String, _ request: ModelLoadRequest,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  func unload(
    _ name: String, withDependents: Bool,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  /// Takes one version of several away.
  func unload(
    _ name: String, version: Int64,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  /// Has these versions loaded anew with so many instances each; they answer meanwhile.
  func scale(
    _ name: String, versions: Set<Int64>, instanceCount: Int,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  /// Gives versions of a model other names, or takes such names away where the version is `nil`;
  /// blocks for moments.
  func setAliases(_ aliases: [String: Int64?], of name: String) throws(InferenceFailure)
  /// Models of the repository of which nothing is known to the server: they could be loaded, or what is
  /// written of them cannot be understood. Blocks for moments.
  func unknownEntries() -> [RepositoryEntry]
}

extension RepositoryEntry {
  /// The repository index: every version that the server knows of, and what it could load.
  package static func all(
    of door: InferenceServer, _ repository: (any FrontRepository)?, isReadyOnly: Bool
  ) -> [RepositoryEntry] {
    let entries = door.statuses.filter { !isReadyOnly || $0.state == .ready }.map {
      RepositoryEntry(name: $0.name, version: $0.version, state: $0.state, problem: $0.problem)
    }
    guard !isReadyOnly, let repository else { return entries }
    return entries + repository.unknownEntries()
  }
}
