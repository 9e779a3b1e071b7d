package import Inference
package import Settings

/// One model of a repository, and where it lies.
package struct RepositoryPlace: Sendable, Hashable {
  /// What it is called where its own files do not say otherwise.
  package let name: String
  /// Its file, or its folder.
  package let path: String

  /// The models at these paths: files, model folders, and folders of either. Blocks on directories.
  ///
  /// What is broken is listed like the rest, so that it can be said later what is wrong with it, and
  /// hides nothing else.
  package static func list(_ paths: [String]) -> [RepositoryPlace] { paths.flatMap(list) }

  private static func list(_ path: String) -> [RepositoryPlace] {
    guard Folder.kind(of: path) == .folder else { return [place(path, PathText.stem(path))] }
    guard let folder = try? ModelPlans.folder(path) else { return [] }
    if isModel(folder) { return [place(folder.path, PathText.name(folder.path))] }
    let files = folder.files.filter { PathText.ending($0) == "onnx" }
    let folders = folder.folders.filter { $0 != "lost+found" }
    return files.map { place(folder.path(of: $0), PathText.stem($0)) }
      + folders.map { place(folder.path(of: $0), $0) }
  }

  private static func place(_ path: String, _ name: String) -> RepositoryPlace {
    RepositoryPlace(name: ModelName.derived(from: name) ?? name, path: path)
  }

  private static func isModel(_ folder: Folder) -> Bool {
    ForeignModel.advice(for: folder) != nil || ModelFolder(folder) != nil
  }
}

extension ModelPlans {
  /// A plan for each version of the model at a place; what a client sent along wins over what lies
  /// there. Blocks as `find` does.
  package static func find(
    _ place: RepositoryPlace, settings: ServeSettings, override: ModelOverride? = nil
  ) throws(ServerFault) -> [ModelPlan] {
    var plans = try find([place.path], settings: settings)
    for index in plans.indices { try override?.apply(to: &plans[index]) }
    return plans
  }
}
