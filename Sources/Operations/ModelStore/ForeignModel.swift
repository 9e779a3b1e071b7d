/// Models that others serve and this program does not, and what their owner can do.
enum ForeignModel {
  /// Why a file is not served, by its name and first bytes; `nil` for one that nobody would take for a
  /// model.
  static func advice(forFile path: String) -> String? {
    if case .refused(let advice) = TabularFile.kind(of: path) { return advice }
    return files[PathText.ending(path)].map {
      "it is \($0.what), which is not served yet; \($0.advice)"
    }
  }

  /// Why a directory is not served, by a file that marks it; `nil` where there is none.
  static func advice(for folder: Folder) -> String? {
    if MLflowFolder.nativeFile(in: folder) != nil { return nil }
    let hasOurs = !ServedFormat.models(in: folder).isEmpty
    for mark in markers where folder.files.contains(mark.file) && (mark.isBinding || !hasOurs) {
      return "it is \(mark.what) (\(mark.file)), which is not read yet; \(mark.advice)"
    }
    return nil
  }

  /// Why nothing in a directory is served, by its marker or the first of its files that tells.
  static func adviceOnContents(of folder: Folder) -> String? {
    if let advice = advice(for: folder) { return advice }
    return folder.files.lazy.compactMap { name in
      advice(forFile: folder.path(of: name)).map { "\(name): \($0)" }
    }.first
  }

  /// A file that says what a directory is.
  private struct Mark {
    let file: String
    let what: String
    /// It configures whatever else lies there, so an ONNX file beside it is not served without it.
    let isBinding: Bool
    let advice: String
  }

  /// What is served, for messages.
  static let supported =
    "supported are ONNX (.onnx), OpenVINO (.xml with .bin), TensorFlow (a SavedModel directory, "
    + ".tflite), Paddle (.pdmodel), XGBoost (.json, .ubj), LightGBM (.txt), CatBoost (.json) and "
    + PythonFormat.supported

  private static let markers = [
    Mark(
      file: "model_index.json", what: "a pipeline of Diffusers", isBinding: true,
      advice: "write a model.py that loads it with diffusers, and serve that folder"),
    Mark(
      file: "adapter_config.json", what: "an adapter without the model it belongs to",
      isBinding: false, advice: "merge it into its model and serve that"),
  ]

  private static let torch = (
    what: "a PyTorch checkpoint",
    advice: "export it to ONNX: with torch.onnx.export, or for YOLO with "
      + "yolo export model=FILE format=onnx"
  )
  private static let keras = (
    what: "a Keras model", advice: "convert it to ONNX with tf2onnx.convert.from_keras"
  )
  private static let tensorRT = (
    what: "a TensorRT engine",
    advice: "serve the ONNX model that it was built from"
  )
  private static let archive = (what: "an archive", advice: "unpack it and name what is inside")

  private static let files: [String: (what: String, advice: String)] = [
    "ckpt": torch,
    "h5": keras, "keras": keras, "engine": tensorRT, "plan": tensorRT, "trt": tensorRT,
    "zip": archive, "tar": archive, "gz": archive, "tgz": archive,
    "gguf": ("a GGUF language model", "ONNX models are"),
    "safetensors": (
      "weights without their graph", "export the model with: optimum-cli export onnx"
    ),
    "pb": (
      "a TensorFlow graph",
      "convert it with: python -m tf2onnx.convert --graphdef FILE --output model.onnx"
    ),
    "mlmodel": ("a Core ML model", "serve the ONNX model that it was made from"),
    "ort": ("a model in ONNX Runtime's own format", "serve the .onnx file that it was made from"),
    "pmml": ("a PMML model", "convert the model that it was made from to ONNX"),
  ]
}
