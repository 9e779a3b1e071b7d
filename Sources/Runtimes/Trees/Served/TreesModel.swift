import Inference

/// A model of trees in memory: what its file said, and how it is shown to clients.
final class TreesModel: ComputingModel {
  let signature: ModelSignature
  let capabilities: ModelCapabilities
  let footprintByteCount: Int
  let platformName: String
  let model: TabularModel
  let outputs: [TabularOutput]
  let computer: RowComputer
  /// Where a run may use more threads than its caller's.
  let threads: RowThreads?
  // What every run asks of the model, which is a value of many parts that are counted one by one.
  let inputDatatype: Datatype
  let marginDatatype: Datatype
  let featureCount: Int
  let outputCount: Int

  /// - Parameters:
  ///   - fileByteCount: what the description takes, about.
  ///   - threadCount: threads that one run may use.
  init(
    _ model: TabularModel, platform: String, fileByteCount: Int, forest: ForestParameters?,
    threadCount: Int = 1
  ) throws(RuntimeFault) {
    self.model = model
    platformName = platform
    inputDatatype = model.inputDatatype
    marginDatatype = model.outputPrecision == .float ? .float32 : .float64
    featureCount = model.featureCount
    outputCount = model.outputCount
    let computer = try RowComputer(model.predictor)
    self.computer = computer
    threads =
      if threadCount > 1, case .compiled = computer {
        RowThreads(count: threadCount - 1) { RowEngine(model, computer) }
      } else { nil }
    footprintByteCount = fileByteCount + computer.byteCount
    outputs = TabularOutput.all(of: model, forest: forest)
    signature = ModelSignature(
      inputs: [Self.input(of: model, named: forest == nil ? "input" : "input__0")],
      outputs: outputs.map(\.description), hasRowAxis: true, metadata: model.tale)
    var capabilities = ModelCapabilities()
    capabilities.isBatchInvariant = true
    capabilities.isDeclaredCheap = true
    self.capabilities = capabilities
  }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    TreesInstance(self, stop: stop)
  }

  private static func input(of model: TabularModel, named name: String) -> TensorDescription {
    let names = model.features.compactMap(\.name)
    return TensorDescription(
      name: name, datatype: model.inputDatatype,
      dimensions: [.any(name: nil), .fixed(model.featureCount)],
      table: FeatureTable(
        names: names.count == model.featureCount && !names.isEmpty ? names : nil,
        narrowsOthers: model.format == .lightgbm))
  }
}

extension TabularModel {
  /// What a row's values are before they are compared.
  var inputDatatype: Datatype {
    switch predictor {
    case .trees(let ensemble): ensemble.inputPrecision == .float ? .float32 : .float64
    case .linear: .float32
    }
  }

  /// What the model says of itself, for people.
  var tale: [String: String] {
    var tale = metadata
    tale["objective"] = objective
    tale["library"] = format.rawValue
    tale["features"] = String(featureCount)
    tale["rounds"] = String(rounds)
    if let bestRounds { tale["best_rounds"] = String(bestRounds) }
    if case .trees(let ensemble) = predictor {
      tale["trees"] = String(ensemble.trees.count)
      tale["depth"] = String(ensemble.trees.lazy.map(\.depth).max() ?? 0)
      tale["nodes"] = String(ensemble.trees.reduce(0) { $0 + $1.nodes.count })
    }
    tale[ModelSignature.noContributions] = contributionsRefusal
    if !classLabels.isEmpty { tale["classes"] = classLabels.joined(separator: ", ") }
    return tale
  }
}

extension DecisionTree {
  /// Splits from the root to the farthest leaf.
  var depth: Int {
    var deepest = 0
    var open = [(place: 0, depth: 0)]
    while let (place, depth) = open.popLast() {
      deepest = max(deepest, depth)
      switch nodes[place].kind {
      case .leaf: break
      case .numeric(let split, _), .categorical(let split, _):
        open.append((split.left, depth + 1))
        open.append((split.right, depth + 1))
      }
    }
    return deepest
  }
}
