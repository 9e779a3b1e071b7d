import Inference

/// A kind of model file or directory that some runtime of this program reads.
struct ModelFormat: Sendable {
  /// Of a file, or of a directory where `isFolder`.
  let ending: String
  let isFolder: Bool
  /// Which runtime reads it where nothing else is said.
  let runtime: ModelPlan.RuntimeKind
  /// What it is called in a version's directory.
  var usualName: String { "model.\(ending)" }

  /// All that the runtimes in this program read, the first one first where several lie together.
  static let all: [ModelFormat] =
    [ModelFormat(ending: "onnx", isFolder: false, runtime: .onnxruntime)] + openVino

  /// Empty where the program is built without that runtime.
  private static let openVino: [ModelFormat] = {
    guard let runtime = ModelPlan.RuntimeKind(rawValue: "openvino") else { return [] }
    return ["xml", "tflite", "pdmodel"].map {
      ModelFormat(ending: $0, isFolder: false, runtime: runtime)
    } + [ModelFormat(ending: "savedmodel", isFolder: true, runtime: runtime)]
  }()

  static func ofFile(_ path: String) -> ModelFormat? {
    let ending = PathText.ending(path)
    return all.first { $0.ending == ending && !$0.isFolder }
  }

  static func ofFolder(_ path: String) -> ModelFormat? {
    let ending = PathText.ending(path)
    return all.first { $0.ending == ending && $0.isFolder }
  }

  static func of(_ source: ModelSource) -> ModelFormat? {
    ofFile(source.name) ?? ofFolder(source.name)
  }

  /// For messages: `.onnx`, `.xml`.
  static var endings: String { all.map { ".\($0.ending)" }.joined(separator: ", ") }
}
