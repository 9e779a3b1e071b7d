/// The linear models, and products with matrices.
extension OperatorReader {
  /// Most coefficients of one matrix: beyond it ONNX Runtime's kernels for large matrices are faster.
  private static let coefficientsMax = 1 << 16

  mutating func readLinearRegressor(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float)
    let transform = try transform(node)
    guard let targetCount = Int(exactly: try node.integer("targets") ?? 1), targetCount > 0 else {
      throw .corrupt("'LinearRegressor' has no targets")
    }
    let result = try output(node, .float, ColumnShape([targetCount]))
    let intercepts = try node.floats("intercepts")
    try addProducts(
      column, coefficients: try node.floats("coefficients"),
      intercepts: intercepts.count == targetCount ? intercepts : nil, result: result, node)
    if transform != .none, targetCount > 1 {
      builder.add(
        RegressionTransformStep<Float>(
          transform: transform, scores: result.place, scoreCount: targetCount))
    }
  }

  mutating func readLinearClassifier(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try cast(try table(node, .float, .double, .int64, .int32), to: .float)
    let transform = try transform(node)
    let intercepts = try node.floats("intercepts")
    var labels = try classLabels(node, integers: "classlabels_ints")
    let addsSecondClass = intercepts.count == 1
    if addsSecondClass {
      guard labels.count == 2 else {
        throw .notComputed("'LinearClassifier' with one score")
      }
    } else if intercepts.isEmpty || labels.count < intercepts.count {
      throw .corrupt("'LinearClassifier' has \(labels.count) labels for \(intercepts.count) scores")
    } else if case .texts(let all) = labels {
      labels = .texts(Array(all[..<intercepts.count]))
    }
    let scores = try builder.column(.float, ColumnShape([intercepts.count]))
    try addProducts(
      column, coefficients: try node.floats("coefficients"), intercepts: intercepts,
      result: scores, node)
    let writer = try labelWriter(labels, node)
    let result = try output(
      node, .float, ColumnShape([addsSecondClass ? 2 : intercepts.count]), output: 1)
    builder.add(
      LinearClassStep(
        scores: scores.place, scoreCount: intercepts.count, transform: transform,
        addsSecondClass: addsSecondClass, labels: writer, result: result.place))
  }

  /// Products with `result`'s width times the column's width coefficients, a row for each output.
  private mutating func addProducts(
    _ column: Column, coefficients: [Float], intercepts: [Float]?, result: Column,
    _ node: OnnxNode
  ) throws(PipelineObstacle) {
    let (count, overflow) = column.shape.width.multipliedReportingOverflow(by: result.shape.width)
    guard !overflow, coefficients.count == count else {
      throw .corrupt(
        "'\(node.operatorName)' has \(coefficients.count) coefficients for "
          + "\(result.shape.width) outputs of \(column.shape.width) columns")
    }
    guard count <= Self.coefficientsMax else { throw .notComputed("large matrices") }
    builder.add(
      MatrixStep<Float>(
        source: column.place, width: column.shape.width,
        coefficients: builder.constants.add(
          .floats(coefficients),
          picks: MatrixStep<Float>.picks(
            width: column.shape.width, outputCount: result.shape.width)),
        intercepts: intercepts.map { builder.place(of: $0) }, outputCount: result.shape.width,
        result: result.place))
  }

  mutating func readMatMul(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .double)
    try readProduct(node, column, try constant(node, 1), isTransposed: false)
  }

  mutating func readGemm(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .double)
    guard try node.integer("transA") ?? 0 == 0, try node.float("beta") ?? 1 == 1 else {
      throw .notComputed("'Gemm' of another form than rows times a matrix")
    }
    try readProduct(
      node, column, try constant(node, 1), isTransposed: try node.integer("transB") ?? 0 != 0)
  }

  /// A table times a matrix that is the same for every row.
  private mutating func readProduct(
    _ node: OnnxNode, _ column: Column, _ matrix: Constant, isTransposed: Bool
  ) throws(PipelineObstacle) {
    // A list of coefficients is a matrix of one output, whose axis the result then lacks.
    let isList = matrix.dimensions.count == 1 && !isTransposed
    guard matrix.elements.kind == column.kind, matrix.dimensions.count == 2 || isList,
      matrix.elements.count <= Self.coefficientsMax
    else { throw .notComputed("'\(node.operatorName)' with a large or unlike matrix") }
    let width = matrix.dimensions[isTransposed ? 1 : 0]
    let outputCount = isList ? 1 : matrix.dimensions[isTransposed ? 0 : 1]
    guard width == column.shape.width else {
      throw .corrupt("'\(node.operatorName)' has a matrix for \(width) columns")
    }
    let picks =
      isTransposed
      ? MatrixStep<Float>.picks(width: width, outputCount: outputCount)
      : Array(0..<width * outputCount)
    let shape = ColumnShape(isList ? [] : [outputCount])
    var intercepts: Int?
    if node.operatorName == "Gemm", node.inputs.count > 2, !node.inputs[2].isEmpty {
      let constant = try constant(node, 2)
      guard constant.elements.kind == column.kind else { throw .notComputed("'Gemm' of kinds") }
      intercepts = try place(of: constant, in: shape)
    }
    let coefficients = builder.constants.add(matrix.elements, picks: picks)
    let result = try output(node, column.kind, shape).place
    let factor = node.operatorName == "Gemm" ? try node.float("alpha") ?? 1 : 1
    if column.kind == .float {
      builder.add(
        MatrixStep<Float>(
          source: column.place, width: width, coefficients: coefficients, intercepts: intercepts,
          outputCount: outputCount, factor: factor, result: result))
    } else {
      builder.add(
        MatrixStep<Double>(
          source: column.place, width: width, coefficients: coefficients, intercepts: intercepts,
          outputCount: outputCount, factor: Double(factor), result: result))
    }
  }
}

// MARK: - What classifiers have in common

extension OperatorReader {
  func transform(_ node: OnnxNode) throws(PipelineObstacle) -> ScoreTransform {
    try ScoreTransform(name: try node.text("post_transform") ?? "NONE")
  }

  /// A classifier's labels: strings where there are any, otherwise numbers.
  func classLabels(
    _ node: OnnxNode, integers: String
  ) throws(PipelineObstacle) -> ConstantElements {
    let texts = try node.texts("classlabels_strings")
    return texts.isEmpty ? .integers(try node.integers(integers)) : .texts(texts)
  }

  /// Makes the column of labels, a classifier's first output.
  mutating func labelWriter(
    _ labels: ConstantElements, _ node: OnnxNode
  ) throws(PipelineObstacle) -> LabelWriter {
    let column = try output(node, labels.kind, ColumnShape([]))
    switch labels {
    case .texts(let all):
      return LabelWriter(labels: .texts(builder.constants.slots(all)), column: column.place)
    case .integers(let all): return LabelWriter(labels: .numbers(all), column: column.place)
    default: throw .notComputed("labels of such a kind")
    }
  }
}
