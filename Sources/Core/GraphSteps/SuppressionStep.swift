import Imaging
import Inference
import Vision

/// `suppression`: a detector's output to boxes, scores and classes.
struct SuppressionStep: BuiltInWork {
  private let parameters: DetectionParameters
  private let classCount: Int
  private let size: (width: Int, height: Int)

  init(_ settings: StepSettings) throws(BuiltInProblem) {
    var parameters = DetectionParameters()
    let names = [("confidence", "confidence"), ("iou", "iou"), ("max", "max_detections")]
    for (key, name) in names {
      guard let text = settings.text(key) else { continue }
      do {
        try parameters.set(name, to: text)
      } catch {
        throw BuiltInProblem("suppression: \(FailureMessage.text(for: error))")
      }
    }
    self.parameters = parameters
    classCount = try settings.integer("classes", in: 1...100_000) ?? 0
    size = try StepForm.size(settings)
  }

  var inputNames: [String] { ["output", "placement"] }
  var optionalInputNames: Set<String> { ["placement"] }
  var outputNames: [String] { ["boxes", "scores", "classes"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    guard let output = inputs[0], [.float32, .float16].contains(output.datatype) else {
      throw BuiltInProblem("output must be FP32 or FP16 [1,a,b]")
    }
    if let placement = inputs[1], placement.datatype != .float32 {
      throw BuiltInProblem("placement must be FP32 [8], as letterbox gives it")
    }
    let count = Dimension.any(name: nil)
    return [
      TensorDescription(name: "boxes", datatype: .float32, dimensions: [count, .fixed(4)]),
      TensorDescription(name: "scores", datatype: .float32, dimensions: [count]),
      TensorDescription(name: "classes", datatype: .int64, dimensions: [count]),
    ]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let output = inputs[0] else { throw .invalidInput(.missingInput("output")) }
    guard output.shape.rank < 3 || output.shape[0] == 1 else {
      throw .mismatch("output", "of one photo, [1,a,b]", output)
    }
    let placement =
      try inputs[1].map { (tensor) throws(InferenceFailure) in
        try Letterbox(tensor)
      }
      ?? .fitting(
        width: size.width, height: size.height, inputWidth: size.width, inputHeight: size.height)
    let found = try task(for: placement).detections(
      in: [NamedTensor(name: "output", tensor: output)],
      of: PreparedPhoto(inputs: [], letterbox: placement), parameters: parameters)
    return [
      Tensor(
        found.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }, datatype: .float32,
        shape: [found.count, 4]),
      Tensor(found.map(\.score), datatype: .float32, shape: [found.count]),
      Tensor(found.map { Int64($0.classID) }, datatype: .int64, shape: [found.count]),
    ]
  }

  /// The task of a detector that takes photos placed so: it knows every layout of an output.
  private func task(for placement: Letterbox) -> VisionTask {
    let signature = ModelSignature(
      inputs: [
        TensorDescription(
          name: "input", datatype: .float32,
          dimensions: [
            .fixed(1), .fixed(3), .fixed(placement.inputHeight), .fixed(placement.inputWidth),
          ])
      ],
      outputs: [
        TensorDescription(
          name: "output", datatype: .float32,
          dimensions: [.fixed(1), .any(name: nil), .any(name: nil)])
      ], hasRowAxis: false)
    return VisionTask.recognise(
      signature: signature, labels: Array(repeating: "", count: classCount), task: "detect")
  }
}
