package import Inference
package import Settings

/// What was understood of one model's configuration, whether or not it may be loaded by it.
package struct ModelExplanation: Sendable {
  package let name: String
  /// The model's directory.
  package let path: String
  package let notes: ConfigurationNotes
}

extension ModelPlans {
  /// What the configurations of the models at a path say; none for bare files, which have none, and
  /// for demo models. Throws where a file cannot be read at all. Blocks.
  package static func explanations(
    _ path: String, settings: ServeSettings
  ) throws(ServerFault) -> [ModelExplanation] {
    guard Folder.kind(of: path) == .folder else { return [] }
    let outer = try folder(path)
    if let model = try explanation(outer, settings) { return [model] }
    var explanations: [ModelExplanation] = []
    for name in outer.folders {
      if let model = try explanation(try folder(outer.path(of: name)), settings) {
        explanations.append(model)
      }
    }
    return explanations
  }

  private static func explanation(
    _ folder: Folder, _ settings: ServeSettings
  ) throws(ServerFault) -> ModelExplanation? {
    guard let model = ModelFolder(folder) else { return nil }
    let configuration = try model.configuration(settings: settings)
    return ModelExplanation(
      name: model.name(configuration) ?? PathText.name(folder.path), path: folder.path,
      notes: configuration.notes)
  }
}
