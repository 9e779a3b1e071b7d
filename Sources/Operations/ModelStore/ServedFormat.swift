/// Which files and directories are models that this program serves.
enum ServedFormat {
  /// The file that makes a directory a TensorFlow SavedModel.
  static let savedModelFile = "saved_model.pb"

  /// Names that a model's only file has in a folder of its own, the most wanted first.
  static let usualFiles =
    [
      "model.onnx", "model.xml", "model.tflite", "model.pdmodel", "inference.pdmodel",
    ] + PythonFormat.usualFiles
  /// The directory that Triton expects a SavedModel in.
  static let usualFolder = "model.savedmodel"

  private static let endings = ["onnx", "xml", "tflite", "pdmodel"]

  static func isServed(fileNamed name: String) -> Bool {
    endings.contains(PathText.ending(name)) || PythonFormat.isServed(fileNamed: name)
  }

  /// Whether a file is a model. Blocks where its name leaves that open.
  static func isServed(fileAt path: String) -> Bool {
    isServed(fileNamed: path) && !PythonFormat.isCheckpoint(path)
  }

  /// A directory that is one model by itself.
  static func isModel(_ folder: Folder) -> Bool {
    folder.files.contains(savedModelFile) || PythonFormat.isModel(folder)
  }

  /// The files of a directory that are models; an `.xml` is one beside its weights only. Blocks where
  /// names leave that open.
  static func models(in folder: Folder) -> [String] {
    let native = folder.files.filter { name in
      endings.contains(PathText.ending(name))
        && (PathText.ending(name) != "xml" || folder.files.contains(PathText.stem(name) + ".bin"))
    }
    return (native + PythonFormat.models(in: folder, beside: native)).sorted()
  }

  /// Only ONNX Runtime's own format; everything else is OpenVINO's.
  static func isONNX(_ path: String) -> Bool { PathText.ending(path) == "onnx" }
}
