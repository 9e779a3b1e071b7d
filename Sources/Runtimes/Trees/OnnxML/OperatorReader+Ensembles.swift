import Inference

/// The tree ensembles.
extension OperatorReader {
  mutating func readTreeEnsembleRegressor(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try ensembleInput(node)
    let precision = column.kind == .double ? TreeEnsemble.Precision.double : .float
    guard let targetCount = Int(exactly: try node.integer("n_targets") ?? 0), targetCount > 0
    else { throw .corrupt("a tree ensemble has no targets") }
    var nodes = try flatNodes(node, precision)
    nodes.weights = try leafWeights(node, of: "target", precision)
    try readRegression(
      node, column, nodes, targetCount: targetCount,
      base: try numbers(node, "base_values", precision),
      isAverage: try isAverage(try node.text("aggregate_function") ?? "SUM"),
      transform: try transform(node), resultKind: .float)
  }

  /// The one operator of version 5, which is a regressor.
  mutating func readTreeEnsemble(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .double)
    let precision = column.kind == .double ? TreeEnsemble.Precision.double : .float
    guard let targetCount = Int(exactly: try node.integer("n_targets") ?? 0), targetCount > 0
    else { throw .corrupt("a tree ensemble has no targets") }
    let transform = try ScoreTransform(number: try node.integer("post_transform") ?? 0)
    let aggregate = try node.integer("aggregate_function") ?? 1
    guard aggregate == 0 || aggregate == 1 else {
      throw .notComputed("the smallest or largest leaf")
    }
    try readRegression(
      node, column, try JoinedNodes(node, precision).nodes(), targetCount: targetCount,
      base: [], isAverage: aggregate == 0, transform: transform, resultKind: column.kind)
  }

  private mutating func readRegression(
    _ node: OnnxNode, _ column: Column, _ nodes: EnsembleNodes, targetCount: Int, base: [Double],
    isAverage: Bool, transform: ScoreTransform, resultKind: ElementKind
  ) throws(PipelineObstacle) {
    guard base.isEmpty || base.count == targetCount else {
      throw .corrupt("a tree ensemble has \(base.count) base values for \(targetCount) targets")
    }
    let sums = try builder.column(column.kind, ColumnShape([targetCount]))
    let trees = try nodes.trees(outputCount: targetCount).trees
    try addEnsemble(
      TreeEnsemble(
        trees: trees, featureCount: column.shape.width, outputCount: targetCount,
        sum: LeafSum(
          precision: nodes.precision,
          base: base.isEmpty ? [Double](repeating: 0, count: targetCount) : base,
          startsWithBase: false, isAverage: isAverage),
        inputPrecision: nodes.precision),
      of: column, into: sums)
    if transform == .none || targetCount == 1 {
      // Nothing is left to do.
    } else if column.kind == .double {
      builder.add(
        RegressionTransformStep<Double>(
          transform: transform, scores: sums.place, scoreCount: targetCount))
    } else {
      builder.add(
        RegressionTransformStep<Float>(
          transform: transform, scores: sums.place, scoreCount: targetCount))
    }
    try set(.column(try cast(sums, to: resultKind)), node)
  }

  mutating func readTreeEnsembleClassifier(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try ensembleInput(node)
    let precision = column.kind == .double ? TreeEnsemble.Precision.double : .float
    var labels = try classLabels(node, integers: "classlabels_int64s")
    let classCount = labels.count
    guard classCount > 0 else { throw .corrupt("a tree ensemble has no classes") }
    guard classCount > 1 else { throw .notComputed("classifiers of one class") }
    var nodes = try flatNodes(node, precision)
    nodes.weights = try leafWeights(node, of: "class", precision)
    let (trees, covered) = try nodes.trees(outputCount: classCount)
    let classes = try ensembleClasses(
      node, nodes.weights, classCount: classCount, covered: covered, precision)
    // Without a single weighted class, ONNX Runtime answers 0 or 1 whatever the labels are.
    if classCount == 2, !classes.isBinary, case .integers = labels { labels = .integers([0, 1]) }
    let writer = try labelWriter(labels, node)
    let result = try output(node, .float, ColumnShape([classCount]), output: 1)
    let sums = try builder.column(column.kind, ColumnShape([classCount]))
    try addEnsemble(
      TreeEnsemble(
        trees: trees, featureCount: column.shape.width, outputCount: classCount,
        sum: LeafSum(
          precision: precision, base: [Double](repeating: 0, count: classCount),
          startsWithBase: true),
        inputPrecision: precision),
      of: column, into: sums)
    if precision == .double {
      builder.add(
        EnsembleClassStep<Double>(
          classes: classes, labels: writer, sums: sums.place, result: result.place))
    } else {
      builder.add(
        EnsembleClassStep<Float>(
          classes: classes.rounded, labels: writer, sums: sums.place, result: result.place))
    }
  }

  private func ensembleClasses(
    _ node: OnnxNode, _ weights: EnsembleNodes.LeafWeights, classCount: Int, covered: Set<Int>,
    _ precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> EnsembleClasses<Double> {
    let base = try numbers(node, "base_values", precision)
    guard base.isEmpty || base.count == classCount || (classCount == 2 && base.count == 1) else {
      throw .corrupt("a tree ensemble has \(base.count) base values for \(classCount) classes")
    }
    let weighted = Set(weights.outputs)
    let classes = EnsembleClasses(
      classCount: classCount, baseValues: base, hasFirstScore: covered.contains(0),
      hasSecondScore: covered.contains(1),
      isBinary: classCount == 2 && weighted.count == 1,
      weightsArePositive: weights.values.allSatisfy { !($0 < 0) },
      transform: try transform(node))
    if classCount == 2 {
      // A row that only sometimes has a class's score is answered in two ways.
      guard weighted.allSatisfy({ covered.contains(Int($0)) }), !weighted.isEmpty else {
        throw .notComputed("leaves that do not all have a weight")
      }
    } else if base.isEmpty && covered.count < classCount {
      throw .notComputed("leaves that do not all have a weight")
    }
    return classes
  }

  /// The input as the ensemble sees it: whole numbers are compared as Float32.
  private mutating func ensembleInput(_ node: OnnxNode) throws(PipelineObstacle) -> Column {
    let column = try table(node, .float, .double, .int64, .int32)
    return column.kind == .double ? column : try cast(column, to: .float)
  }

  private mutating func addEnsemble(
    _ ensemble: TreeEnsemble, of column: Column, into sums: Column
  ) throws(PipelineObstacle) {
    let compiled: CompiledEnsemble
    do throws(RuntimeFault) {
      compiled = try CompiledEnsemble(ensemble)
    } catch {
      throw .corrupt(error.message)
    }
    let number = builder.add(compiled)
    if column.kind == .double {
      builder.add(
        EnsembleStep<Double>(
          ensemble: compiled, number: number, source: column.place, sums: sums.place))
    } else {
      builder.add(
        EnsembleStep<Float>(
          ensemble: compiled, number: number, source: column.place, sums: sums.place))
    }
  }
}

// MARK: - Attributes

extension OperatorReader {
  private func isAverage(_ function: String) throws(PipelineObstacle) -> Bool {
    switch function {
    case "SUM": return false
    case "AVERAGE": return true
    case "MIN", "MAX": throw .notComputed("the smallest or largest leaf")
    default: throw .corrupt("a tree ensemble has the unknown aggregate '\(function)'")
    }
  }

  /// Numbers of Float32, or of Float64 in a tensor as version 3 has them.
  private func numbers(
    _ node: OnnxNode, _ name: String, _ precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> [Double] {
    let own = try node.floats(name)
    guard let tensor = try node.tensor("\(name)_as_tensor") else { return own.map(Double.init) }
    guard own.isEmpty else { throw .corrupt("'\(name)' is there twice") }
    switch try tensor.elements() {
    case .doubles(let all) where precision == .double: return all
    case .floats(let all) where precision == .float: return all.map(Double.init)
    default: throw .corrupt("'\(name)' is of another precision than the input")
    }
  }

  private func flatNodes(
    _ node: OnnxNode, _ precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> EnsembleNodes {
    var nodes = EnsembleNodes()
    nodes.precision = precision
    nodes.treeIDs = try node.integers("nodes_treeids")
    nodes.nodeIDs = try node.integers("nodes_nodeids")
    nodes.features = try node.integers("nodes_featureids")
    nodes.trueIDs = try node.integers("nodes_truenodeids")
    nodes.falseIDs = try node.integers("nodes_falsenodeids")
    nodes.missingIsTrue = try node.integers("nodes_missing_value_tracks_true").map { $0 == 1 }
    nodes.values = try numbers(node, "nodes_values", precision)
    nodes.hitRates = try numbers(node, "nodes_hitrates", precision)
    var modes: [EnsembleNodes.Mode] = []
    try node.forEachText("nodes_modes") { (text) throws(PipelineObstacle) in
      modes.append(try EnsembleNodes.Mode(text))
    }
    nodes.modes = modes
    return nodes
  }

  private func leafWeights(
    _ node: OnnxNode, of what: String, _ precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> EnsembleNodes.LeafWeights {
    EnsembleNodes.LeafWeights(
      treeIDs: try node.integers("\(what)_treeids"), nodeIDs: try node.integers("\(what)_nodeids"),
      outputs: try node.integers("\(what)_ids"),
      values: try numbers(node, "\(what)_weights", precision))
  }
}

extension EnsembleClasses<Double> {
  /// The same for sums of Float32, whose base values are of that precision already.
  fileprivate var rounded: EnsembleClasses<Float> {
    EnsembleClasses<Float>(
      classCount: classCount, baseValues: baseValues.map { Float($0) },
      hasFirstScore: hasFirstScore, hasSecondScore: hasSecondScore, isBinary: isBinary,
      weightsArePositive: weightsArePositive,
      transform: transform)
  }
}
