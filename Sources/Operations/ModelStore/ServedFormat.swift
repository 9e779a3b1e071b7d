/// Which files and directories are models that this program serves.
enum ServedFormat {
  /// The file that makes a directory a TensorFlow SavedModel.
  static let savedModelFile = "saved_model.pb"

  /// Names that a model's only file has in a folder of its own, the most wanted first.
  static let usualFiles =
    [
      "model.onnx", "model.xml", "model.tflite", "model.pdmodel", "inference.pdmodel",
    ] + usualTables + PythonFormat.usualFiles
  /// Those among them that are models only where their contents say so.
  static let usualTables = [
    "model.ubj", "model.json", "model.txt", "model.bst", "model.lgb", "model.xgb", "xgboost.ubj",
    "xgboost.json", "lightgbm.txt", "catboost.json",
  ]
  /// The directory that Triton expects a SavedModel in.
  static let usualFolder = "model.savedmodel"

  private static let endings = ["onnx", "xml", "tflite", "pdmodel"]

  /// Whether a file of that name is a model, whatever is in it; a tabular model's name alone tells
  /// nothing.
  static func isServed(fileNamed name: String) -> Bool {
    endings.contains(PathText.ending(name)) || PythonFormat.isServed(fileNamed: name)
  }

  /// Whether a file is a model. Blocks where its name leaves that open.
  static func isServed(fileAt path: String) -> Bool {
    (isServed(fileNamed: path) && !PythonFormat.isCheckpoint(path)) || TabularFile.isModel(path)
  }

  /// Whether what has that name, and is a model, is one of trees.
  static func isTabular(_ path: String) -> Bool {
    TabularFile.endings.contains(PathText.ending(path))
  }

  /// A directory that is one model by itself: a SavedModel, or what MLflow and others write.
  static func isModel(_ folder: Folder) -> Bool { model(folder) != nil }

  /// What a runtime loads of such a directory. Of what MLflow logged, a file that is served without
  /// Python goes before the whole.
  static func model(_ folder: Folder) -> String? {
    if folder.files.contains(savedModelFile) { return folder.path }
    return MLflowFolder.nativeFile(in: folder)
      ?? (PythonFormat.isModel(folder) ? folder.path : nil)
  }

  /// The name in a directory that a model usually has, the most wanted first.
  static func usualName(in folder: Folder) -> String? {
    let names = folder.files + folder.folders + folder.others
    return (usualFiles + [usualFolder]).first { name in
      names.contains(name)
        && (!usualTables.contains(name) || TabularFile.isModel(folder.path(of: name)))
    }
  }

  /// The files of a directory that are models; an `.xml` is one beside its weights only. Blocks where
  /// names leave that open.
  static func models(in folder: Folder) -> [String] {
    let native = folder.files.filter { name in
      switch PathText.ending(name) {
      case "xml": folder.files.contains(PathText.stem(name) + ".bin")
      case let ending where endings.contains(ending): true
      default: TabularFile.isModel(folder.path(of: name))
      }
    }
    return (native + PythonFormat.models(in: folder, beside: native)).sorted()
  }

  /// Only ONNX Runtime's own format; everything else is OpenVINO's.
  static func isONNX(_ path: String) -> Bool { PathText.ending(path) == "onnx" }
}
