package import Inference

/// A scikit-learn pipeline, or a boosted ensemble, as an ONNX file describes it: steps that were
/// compiled once and run over blocks of rows.
///
/// Its signature is the one that the room OnnxRuntime gives the same file. Any number of instances
/// compute with it at the same time. A row's answer has the same bits whatever runs beside it.
package final class TabularPipeline: ComputingModel {
  package let signature: ModelSignature
  package let platformName = "trees_onnx"
  package let capabilities: ModelCapabilities
  package let footprintByteCount: Int

  let inputs: [TabularPort]
  let outputs: [TabularPort]
  let steps: [any PipelineStep]
  /// Rows that the steps go through together.
  let blockRowCount: Int
  private let constants: ConstantMemory
  private let rowByteCounts: [Int]
  private let ensembles: [CompiledEnsemble]

  /// Bytes of columns that a block should stay below, so that it lies in a core's own cache.
  private static let blockBytes = 256 << 10
  private static let blockRowsMax = 256

  init(
    builder: PipelineBuilder, inputs: [TabularPort], outputs: [TabularPort],
    metadata: [String: String]
  ) {
    self.inputs = inputs
    self.outputs = outputs
    steps = builder.steps
    constants = builder.constants
    rowByteCounts = builder.rowByteCounts
    ensembles = builder.ensembles
    blockRowCount = max(
      1, min(Self.blockRowsMax, Self.blockBytes / max(builder.rowByteCount, 1)))
    let descriptions = (inputs + outputs).map(\.description)
    // A count may stand there, but no exporter fills it in.
    let own = [
      ModelSignature.noContributions:
        "an ONNX file does not say how many training rows each node of its trees saw, which "
        + "contributions of columns are weighted by; serve the file that XGBoost or LightGBM saves"
    ]
    signature = ModelSignature(
      inputs: Self.described(inputs), outputs: outputs.map(\.description),
      hasRowAxis: Self.hasRowAxis(descriptions), metadata: metadata.merging(own) { $1 })
    footprintByteCount =
      builder.constants.byteCount + builder.ensembles.reduce(0) { $0 + $1.byteCount }
    var capabilities = ModelCapabilities()
    capabilities.isBatchInvariant = true
    capabilities.isDeclaredCheap = true
    self.capabilities = capabilities
  }

  /// Rows are on axis 0 where every input and output leaves that axis open, and where those that
  /// name it name it alike; as the room OnnxRuntime decides it.
  private static func hasRowAxis(_ ports: [TensorDescription]) -> Bool {
    var names: Set<String> = []
    for port in ports {
      guard case .any(let name)? = port.dimensions.first else { return false }
      if let name { names.insert(name) }
    }
    return names.count <= 1
  }

  /// An only input of numbers in rows and columns is a table, as lenient as those of other tabular models.
  private static func described(_ inputs: [TabularPort]) -> [TensorDescription] {
    let all = inputs.map(\.description)
    guard let only = all.first, all.count == 1, only.dimensions.count == 2,
      [.float32, .float64].contains(only.datatype)
    else { return all }
    return [
      TensorDescription(
        name: only.name, datatype: only.datatype, dimensions: only.dimensions,
        table: FeatureTable(names: nil))
    ]
  }

  /// Whether any of its steps walks trees.
  var hasTrees: Bool { !ensembles.isEmpty }

  package func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    TabularInstance(self, stop: stop)
  }

  /// Memory for one caller's blocks.
  func makeMemory() -> ColumnMemory {
    ColumnMemory(
      constants: constants, rowByteCounts: rowByteCounts, blockRowCount: blockRowCount,
      scratches: ensembles.map { $0.makeScratch() })
  }
}
