package import Inference
package import Settings

extension ModelPlans {
  /// Plans for one model of these repositories, as `find` would make them; with `json`, a Triton
  /// model configuration stands in place of the model's `config.pbtxt`.
  ///
  /// Blocks; throws where no directory of these has a model of that name.
  package static func plan(
    model name: String, in repositories: [String], override json: [UInt8]?,
    settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    for path in repositories {
      if let folder = try modelFolder(of: name, in: path, settings) {
        return try folder.plans(settings: settings, override: json)
      }
      let plans = try bareFiles(path, settings).filter { $0.name == name }
      guard !plans.isEmpty else { continue }
      if json != nil {
        throw .configurationInvalid(
          file: path,
          reason: "the model \(name) is a bare file; a given config needs a model directory")
      }
      return plans
    }
    throw .nothingToServe(
      path: repositories.joined(separator: ", "), reason: "there is no model \(name)")
  }

  /// The directory at the path, or one in it, that is the model of that name. One whose
  /// configuration cannot be read is it where its own name says so, so that the reason is heard.
  private static func modelFolder(
    of name: String, in path: String, _ settings: ServeSettings
  ) throws(ServerFault) -> ModelFolder? {
    guard Folder.kind(of: path) == .folder else { return nil }
    let outer = try folder(path)
    var candidates = [outer]
    if ModelFolder(outer) == nil {
      // The directory of that name first: it is nearly always the one.
      let names = outer.folders.filter { $0 == name } + outer.folders.filter { $0 != name }
      candidates = []
      for inner in names { candidates.append(try folder(outer.path(of: inner))) }
    }
    for candidate in candidates {
      guard let model = ModelFolder(candidate) else { continue }
      let isNamedSo = ModelName.derived(from: PathText.name(candidate.path)) == name
      do throws(ServerFault) {
        if model.name(try model.configuration(settings: settings)) == name { return model }
      } catch {
        // Another model's broken configuration is not this one's fault.
        if isNamedSo { return model }
      }
    }
    return nil
  }

  private static func bareFiles(
    _ path: String, _ settings: ServeSettings
  ) throws(ServerFault) -> [ModelPlan] {
    if Folder.kind(of: path) == .file { return try find([path], settings: settings) }
    guard Folder.kind(of: path) == .folder else { return [] }
    let folder = try folder(path)
    guard ModelFolder(folder) == nil else { return [] }
    var plans: [ModelPlan] = []
    for file in ServedFormat.models(in: folder) {
      plans += try find([folder.path(of: file)], settings: settings)
    }
    return plans
  }
}
