import COnnxRuntime
package import Inference
import Synchronization

/// An ONNX model in memory. Any number of instances compute with it at the same time.
///
/// A sequence or map output is declared as the one tensor it becomes. For maps, which classifiers
/// exported by scikit-learn give, columns stand in ascending order of the map's keys; the keys are
/// in the signature's metadata under `<output>.keys`, as a JSON array, where a trial run at load
/// could tell them.
package final class OnnxModel: ComputingModel {
  package let signature: ModelSignature
  package let footprintByteCount: Int
  package let platformName = "onnxruntime_onnx"
  /// Nothing beyond the signature is promised: the library picks its kernels by the number of rows,
  /// so a row's last bits may depend on what runs beside it.
  package let capabilities = ModelCapabilities()

  let session: OnnxSession
  let inputs: [OnnxPort]
  let outputs: [OnnxOutput]
  /// False once an output came in another shape than the model declares: from then on the library
  /// chooses the memory of all outputs, and no run is lost to a wrong guess again.
  let trustsDeclaredShapes = Atomic<Bool>(true)

  init(_ session: OnnxSession, footprintByteCount: Int) throws(RuntimeFault) {
    let inputs = try session.inputPorts()
    let outputPorts = try session.outputPorts()
    let hasRowAxis = Self.hasRowAxis((inputs + outputPorts).map(\.description))
    let outputs = outputPorts.map {
      OnnxOutput($0, inputs: inputs, rowsAreOnAxis0: hasRowAxis)
    }
    self.session = session
    self.inputs = inputs
    self.outputs = outputs
    self.footprintByteCount = footprintByteCount
    let trial = OnnxTrialRun(session: session, inputs: inputs, outputs: outputs)
    let metadata = try session.metadata().merging(trial.keyMetadata()) { own, _ in own }
    signature = ModelSignature(
      inputs: inputs.map(\.description), outputs: outputs.map(\.port.description),
      hasRowAxis: hasRowAxis, metadata: metadata)
  }

  package func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    try OnnxInstance(self, stop: stop)
  }

  /// Rows are on axis 0 where every input and output leaves that axis open, and where those that
  /// name it name it alike: `[batch, 3]` -> `[detections, 6]` has no rows.
  private static func hasRowAxis(_ ports: [TensorDescription]) -> Bool {
    var names: Set<String> = []
    for port in ports {
      guard !port.isShapeless, case .any(let name)? = port.dimensions.first else { return false }
      if let name { names.insert(name) }
    }
    return names.count <= 1 && !ports.isEmpty
  }
}

/// An output and, where it can be told from the inputs' shapes, its own shape.
///
/// A class for the same reason as `OnnxPort`.
final class OnnxOutput: Sendable {
  let port: OnnxPort
  /// Where each length comes from; `nil` where one of them is only known after the run.
  private let lengths: [Length]?
  private let elementByteCount: Int

  private enum Length {
    case fixed(Int)
    case ofInput(Int, axis: Int)
  }

  init(_ port: OnnxPort, inputs: [OnnxPort], rowsAreOnAxis0: Bool) {
    self.port = port
    elementByteCount = port.description.datatype.elementByteCount ?? 0
    guard case .tensor = port.kind, elementByteCount > 0, !port.description.isShapeless else {
      lengths = nil
      return
    }
    lengths = Self.lengths(
      of: port.description.dimensions, inputs: inputs, rowsAreOnAxis0: rowsAreOnAxis0)
  }

  private static func lengths(
    of dimensions: [Dimension], inputs: [OnnxPort], rowsAreOnAxis0: Bool
  ) -> [Length]? {
    var lengths: [Length] = []
    for (axis, dimension) in dimensions.enumerated() {
      switch dimension {
      case .fixed(let length): lengths.append(.fixed(length))
      case .any where axis == 0 && rowsAreOnAxis0: lengths.append(.ofInput(0, axis: 0))
      case .any(let name):
        guard let name, let source = place(of: name, in: inputs) else { return nil }
        lengths.append(source)
      }
    }
    return lengths
  }

  private static func place(of name: String, in inputs: [OnnxPort]) -> Length? {
    for (index, input) in inputs.enumerated() {
      if let axis = input.description.dimensions.firstIndex(of: .any(name: name)) {
        return .ofInput(index, axis: axis)
      }
    }
    return nil
  }

  /// The shape and size that this output will have for these inputs, if that is known before.
  @inline(__always)
  func expected(for inputs: [Tensor?]) -> (shape: TensorShape, byteCount: Int)? {
    guard let lengths else { return nil }
    var shape = TensorShape()
    for length in lengths {
      switch length {
      case .fixed(let length): guard shape.append(length) else { return nil }
      case .ofInput(let index, let axis):
        guard let input = inputs[index], axis < input.shape.rank,
          shape.append(input.shape[axis])
        else { return nil }
      }
    }
    guard let count = shape.elementCount else { return nil }
    let (byteCount, overflow) = count.multipliedReportingOverflow(by: elementByteCount)
    return overflow ? nil : (shape, byteCount)
  }
}
