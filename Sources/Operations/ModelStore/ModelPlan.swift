package import Batching
package import Inference
package import Vision

/// One version of a model that is to be served, with everything that its operator said about it.
///
/// Plain values: nothing is loaded yet.
package struct ModelPlan: Sendable {
  package let name: String
  /// 1 or more.
  package let version: Int64
  package let source: ModelSource
  /// Which runtime its operator wants for it.
  package let runtime: RuntimeKind
  package var options: RuntimeOptions
  /// `nil` takes what fits the cores.
  package var instanceCount: Int?
  /// `nil` takes the server's setting.
  package var waitingRequestsMax: Int?
  /// When and where its requests run.
  package var scheduling: SchedulingPolicy
  /// Class names by index; empty where the model's own metadata is to say.
  package var labels: [String]
  /// `detect`, `classify` or `none`; `nil` where the model's own metadata is to say.
  package var task: String?
  package var vision: VisionOptions

  /// The runtimes that this program has, by their names in `model.yaml`.
  package enum RuntimeKind: String, Sendable, CaseIterable {
    /// ONNX Runtime for ONNX at f32, OpenVINO for every other precision and format.
    case auto
    case onnxruntime
    case openvino
  }

  /// The runtime that loads it; never `auto`.
  package var chosenRuntime: RuntimeKind {
    guard runtime == .auto else { return runtime }
    let isONNX =
      switch source {
      case .embedded: true
      case .file(let path): ServedFormat.isONNX(path)
      }
    return isONNX && options.precision == .f32 ? .onnxruntime : .openvino
  }

  package init(
    name: String, version: Int64, source: ModelSource, runtime: RuntimeKind = .auto,
    options: RuntimeOptions = RuntimeOptions(), vision: VisionOptions = VisionOptions()
  ) {
    self.name = name
    self.version = version
    self.source = source
    self.runtime = runtime
    self.options = options
    self.scheduling = SchedulingPolicy()
    self.labels = []
    self.vision = vision
  }
}
