import Settings

/// What MLflow logs: a directory whose `MLmodel` names the file of each flavour of the model.
enum MLflowFolder {
  static let fileName = "MLmodel"

  /// Flavours whose files are served as they are, the most exact first.
  private static let flavors = ["xgboost", "lightgbm", "catboost", "onnx"]

  /// The path of the model's own file, where one of its flavours is served without Python; `nil`
  /// otherwise, and where the file cannot be read. Blocks.
  static func nativeFile(in folder: Folder) -> String? {
    guard folder.files.contains(fileName),
      let text = try? TextFile.read(folder.path(of: fileName)),
      let tree = try? YAMLText.parse(text),
      let all = tree.value(of: "flavors")
    else { return nil }
    return flavors.lazy.compactMap { flavor in
      guard let name = all.value(of: flavor)?.value(of: "data")?.plainText, isBelow(name) else {
        return nil
      }
      let path = folder.path(of: name)
      return ServedFormat.isONNX(path) || TabularFile.isModel(path) ? path : nil
    }.first
  }

  /// Whether a path stays in its directory.
  private static func isBelow(_ name: String) -> Bool {
    !name.isEmpty && !name.hasPrefix("/") && !name.split(separator: "/").contains("..")
  }
}

extension ConfigurationTree {
  fileprivate func value(of key: String) -> ConfigurationTree? {
    guard case .group(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value
  }

  fileprivate var plainText: String? {
    switch content {
    case .word(let text), .text(let text): text
    case .list, .group: nil
    }
  }
}
