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

  /// The model of that name at these paths, as `list` would give it. Where it lies in a folder of
  /// its name, as nearly always, that costs the same however many others lie beside it.
  package static func find(_ name: String, in paths: [String]) -> RepositoryPlace? {
    for path in paths {
      if let place = child(name, of: path) ?? list(path).first(where: { $0.name == name }) {
        return place
      }
    }
    return nil
  }

  /// The model in the folder of that name; `nil` also where the path may be a model itself, of which
  /// that folder is then a part.
  private static func child(_ name: String, of path: String) -> RepositoryPlace? {
    guard ModelName.derived(from: name) == name, !name.hasPrefix("."), Int64(name) == nil else {
      return nil
    }
    let own =
      ModelDialects.fileNames + ServedFormat.usualFiles + [ServedFormat.savedModelFile]
      + PythonFormat.marks
    guard !own.contains(where: { TextFile.exists("\(path)/\($0)") }),
      Folder.kind(of: "\(path)/\(name)") == .folder,
      let folder = try? ModelPlans.folder("\(path)/\(name)"), isModel(folder)
    else { return nil }
    return RepositoryPlace(name: name, path: folder.path)
  }

  private static func list(_ path: String) -> [RepositoryPlace] {
    guard Folder.kind(of: path) == .folder else { return [place(path, PathText.stem(path))] }
    // A directory that cannot be read has no models to list; looking at it again says why.
    guard let folder = try? ModelPlans.folder(path) else { return [] }
    if isModel(folder) { return [place(folder.path, PathText.name(folder.path))] }
    let files = ServedFormat.models(in: folder)
    let folders = folder.folders.filter { $0 != "lost+found" }
    return files.map { place(folder.path(of: $0), PathText.stem($0)) }
      + folders.map { place(folder.path(of: $0), $0) }
  }

  private static func place(_ path: String, _ name: String) -> RepositoryPlace {
    RepositoryPlace(name: ModelName.derived(from: name) ?? name, path: path)
  }

  private static func isModel(_ folder: Folder) -> Bool {
    ForeignModel.advice(for: folder) != nil || ServedFormat.isModel(folder)
      || ModelFolder(folder) != nil
  }
}

extension ModelPlans {
  /// A plan for each version of the model at a place; `json`, a Triton model configuration that came
  /// with a request, stands in place of the model's `config.pbtxt`. Blocks as `find` does.
  package static func find(
    _ place: RepositoryPlace, settings: ServeSettings, override json: [UInt8]? = nil
  ) throws(ServerFault) -> [ModelPlan] {
    guard let json else { return try find([place.path], settings: settings) }
    guard Folder.kind(of: place.path) == .folder, let model = ModelFolder(try folder(place.path))
    else {
      throw .configurationInvalid(
        file: "the configuration of the request",
        reason: "it needs a model directory, and \(place.name) is a bare file")
    }
    return try model.plans(settings: settings, override: json)
  }
}
