/// Which runtime here serves a platform or backend of Triton.
enum TritonPlatform {
  /// Why none does, and what its owner can do.
  struct Refusal: Error, Equatable {
    let advice: String
  }

  static func runtime(of name: String) -> Result<ModelPlan.RuntimeKind, Refusal> {
    if let ours = runtimes[name] {
      if let runtime = ModelPlan.RuntimeKind(rawValue: ours) { return .success(runtime) }
      return .failure(
        Refusal(advice: "\(name) needs the runtime \(ours), which this program does not have"))
    }
    let advice = advice[name] ?? "serve it as an ONNX model (backend onnxruntime)"
    return .failure(Refusal(advice: "\(name) is not served here; \(advice)"))
  }

  private static let runtimes = [
    "onnxruntime": "onnxruntime", "onnxruntime_onnx": "onnxruntime",
    "openvino": "openvino", "openvino_ir": "openvino",
    "identity": "identity", "repeat": "repeat", "square": "square",
    "iterative_sequence": "iterative_sequence", "python": "python",
    "fil": "fil", "xgboost": "trees", "lightgbm": "trees",
    "tensorflow": "openvino", "tensorflow_savedmodel": "openvino",
  ]

  private static let torch = "export the model to ONNX with torch.onnx.export"
  private static let language = "export the model to ONNX, or run a server for language models"

  private static let advice = [
    "tensorflow_graphdef": "convert it with: python -m tf2onnx.convert --graphdef FILE",
    "tensorrt": "serve the ONNX model that the engine was built from",
    "tensorrt_plan": "serve the ONNX model that the engine was built from",
    "pytorch": torch, "pytorch_libtorch": torch,
    "dali": "photos are decoded and resized here without it",
    "vllm": language, "tensorrtllm": language,
  ]
}
