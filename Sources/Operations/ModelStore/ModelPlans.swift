package import Inference
package import Settings

/// Finds the models that somebody named on the command line.
package enum ModelPlans {
  /// A plan for each version of each model at these paths: files, model directories, and
  /// directories of either; in that order. None for no paths.
  ///
  /// Blocks on directories and small files; loads nothing. What would leave out a model that was
  /// named, or serve two under one name, is thrown; in a directory, what nobody would take for a
  /// model is passed over.
  package static func find(
    _ paths: [String], settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    var plans: [ModelPlan] = []
    for path in paths { plans += try find(path, settings) }
    try checkClashes(plans)
    if let labels = settings.labelsPath { try label(&plans, from: labels) }
    return plans
  }

  private static func find(
    _ path: String, _ settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    if path.contains("://") {
      throw .nothingToServe(
        path: path, reason: "files and directories are served; fetch it first and name the file")
    }
    switch Folder.kind(of: path) {
    case .file: return [try plan(file: path, settings)]
    case .folder: return try plans(in: try folder(path), settings)
    case .other:
      throw .nothingToServe(path: path, reason: "it is neither a file nor a directory")
    case .unreachable(let reason): throw .nothingToServe(path: path, reason: reason)
    }
  }

  /// A bare file, named after itself, version 1.
  private static func plan(
    file path: String, _ settings: ServeSettings
  ) throws(ServerFault) -> ModelPlan {
    guard ServedFormat.isServed(fileAt: path) else {
      let advice = ForeignModel.advice(forFile: path) ?? "it is not known to be a model"
      throw .nothingToServe(path: path, reason: "\(advice); \(ForeignModel.supported)")
    }
    guard let name = ModelName.derived(from: PathText.stem(path)) else {
      throw .nothingToServe(
        path: path,
        reason: "its name has nothing that a model's name may have: \(ModelName.expectation)")
    }
    return try plan(name, path, settings)
  }

  /// A directory that is one model, named after itself, version 1.
  private static func plan(
    savedModel folder: Folder, _ settings: ServeSettings
  ) throws(ServerFault) -> ModelPlan {
    try plan(
      try ModelFolder.name(of: folder), ServedFormat.model(folder) ?? folder.path, settings)
  }

  private static func plan(
    _ name: String, _ path: String, _ settings: ServeSettings
  ) throws(ServerFault) -> ModelPlan {
    try ModelFile.check(path, model: name)
    let configuration = ModelConfiguration(path: path, settings: settings)
    return configuration.plan(name: name, version: 1, source: .file(path: path))
  }

  /// A directory that is a model, or one with models in it.
  private static func plans(
    in folder: Folder, _ settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    let isConfigured = ModelDialects(folder).isModel
    if let advice = ForeignModel.advice(for: folder), !isConfigured {
      throw .nothingToServe(path: folder.path, reason: advice)
    }
    // A repository may begin empty: the server is up, says that it has no model, and can be watched.
    if folder.files.isEmpty, folder.folders.isEmpty { return [] }
    if ServedFormat.isModel(folder), !isConfigured {
      return [try plan(savedModel: folder, settings)]
    }
    if let model = ModelFolder(folder) { return try model.plans(settings: settings) }
    var plans: [ModelPlan] = []
    for file in ServedFormat.models(in: folder) {
      plans.append(try plan(file: folder.path(of: file), settings))
    }
    for name in folder.folders where name != "lost+found" {
      let inner = try self.folder(folder.path(of: name))
      let isConfigured = ModelDialects(inner).isModel
      if let advice = ForeignModel.advice(for: inner), !isConfigured {
        throw .nothingToServe(path: inner.path, reason: advice)
      }
      if ServedFormat.isModel(inner), !isConfigured {
        plans.append(try plan(savedModel: inner, settings))
      } else if let model = ModelFolder(inner) {
        plans += try model.plans(settings: settings)
      }
    }
    guard !plans.isEmpty else { throw nothing(in: folder) }
    return plans
  }

  /// Reads a directory, or says why not. One without a name of its own, such as `.`, gets its whole
  /// path.
  static func folder(_ path: String) throws(ServerFault) -> Folder {
    var reason = ""
    let name = PathText.name(path)
    let whole = name.allSatisfy { $0 == "." } ? Folder.wholePath(path) : path
    guard let folder = Folder(withoutEndingSlashes(whole), reason: &reason) else {
      throw .nothingToServe(path: path, reason: reason)
    }
    return folder
  }

  private static func withoutEndingSlashes(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  private static func nothing(in folder: Folder) -> ServerFault {
    return .nothingToServe(
      path: folder.path,
      reason: "no model here, nor in a directory of the form NAME/1/model.onnx; "
        + "\(ForeignModel.adviceOnContents(of: folder) ?? folder.summary); \(ForeignModel.supported)"
    )
  }

  private static func checkClashes(_ plans: [ModelPlan]) throws(ServerFault) {
    var sources: [ModelAddress: String] = [:]
    for plan in plans {
      let key = ModelAddress(name: plan.name, version: .number(plan.version))
      if let other = sources.updateValue(plan.source.name, forKey: key) {
        throw .nothingToServe(
          path: plan.source.name,
          reason: "it and \(other) are both \(key); rename one, or give it a name in "
            + "NAME/\(OwnDialect.fileName)")
      }
    }
  }

  /// `--labels` is for the one model that is served, whatever its versions.
  private static func label(
    _ plans: inout [ModelPlan], from path: String
  ) throws(ServerFault) {
    let names = Set(plans.map(\.name)).sorted()
    guard names.count == 1 else {
      throw .configurationInvalid(
        file: path,
        reason: "labels are for one model, and there are \(names.count): "
          + "\(names.joined(separator: ", ")); write labels: in each model's "
          + OwnDialect.fileName)
    }
    let labels = try LabelsFile.read(path)
    for place in plans.indices { plans[place].labels = labels }
  }
}
