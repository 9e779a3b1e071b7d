/// Reads a graph's nodes one after the other into columns and steps.
struct OperatorReader {
  let file: OnnxFile
  var builder = PipelineBuilder()

  /// Versions up to which the operators' meaning is known.
  private static let operatorSetMax: Int64 = 26
  private static let learningSetMax: Int64 = 5
  static let learningDomain = "ai.onnx.ml"

  init(_ file: OnnxFile) { self.file = file }

  /// The version of the standard operators.
  var operatorSet: Int64 { file.operatorSets[""] ?? 0 }

  mutating func readNodes() throws(PipelineObstacle) {
    guard file.nodes.contains(where: { $0.domain == Self.learningDomain }) else {
      throw .notComputed("graphs without an operator of \(Self.learningDomain)")
    }
    guard operatorSet <= Self.operatorSetMax,
      file.operatorSets[Self.learningDomain] ?? 0 <= Self.learningSetMax
    else { throw .notComputed("operators of a later version") }
    for node in file.nodes {
      guard file.operatorSets[node.domain] != nil else {
        throw .corrupt("it uses '\(node.operatorName)' without saying of which version")
      }
      try read(node)
    }
  }

  private mutating func read(_ node: OnnxNode) throws(PipelineObstacle) {
    guard !node.outputs.isEmpty else { throw .corrupt("'\(node.operatorName)' gives no output") }
    if node.domain == Self.learningDomain {
      try readLearning(node)
    } else if node.domain.isEmpty {
      try readStandard(node)
    } else {
      throw .notComputed("operators of '\(node.domain)'")
    }
  }

  private mutating func readLearning(_ node: OnnxNode) throws(PipelineObstacle) {
    switch node.operatorName {
    case "ArrayFeatureExtractor": try readArrayFeatureExtractor(node)
    case "Binarizer": try readBinarizer(node)
    case "FeatureVectorizer": try readFeatureVectorizer(node)
    case "Imputer": try readImputer(node)
    case "LabelEncoder": try readLabelEncoder(node)
    case "LinearClassifier": try readLinearClassifier(node)
    case "LinearRegressor": try readLinearRegressor(node)
    case "Normalizer": try readNormalizer(node)
    case "OneHotEncoder": try readOneHotEncoder(node)
    case "Scaler": try readScaler(node)
    case "TreeEnsemble": try readTreeEnsemble(node)
    case "TreeEnsembleClassifier": try readTreeEnsembleClassifier(node)
    case "TreeEnsembleRegressor": try readTreeEnsembleRegressor(node)
    // Its output is looked at with the graph's outputs.
    case "ZipMap": break
    default: throw .notComputed("operator '\(node.operatorName)'")
    }
  }

  private mutating func readStandard(_ node: OnnxNode) throws(PipelineObstacle) {
    let name = node.operatorName
    if let operation = UnaryOperation(rawValue: name) { return try readUnary(operation, node) }
    if let operation = BinaryOperation(rawValue: name) { return try readBinary(operation, node) }
    if let comparison = Comparison(rawValue: name) { return try readComparison(comparison, node) }
    if let connective = ConnectiveStep.Connective(rawValue: name) {
      return try readConnective(connective, node)
    }
    if let reduction = Reduction(rawValue: name) { return try readReduction(reduction, node) }
    switch name {
    case "ArgMax", "ArgMin": try readExtreme(node)
    case "Cast": try readCast(node)
    case "Clip": try readClip(node)
    case "Concat": try readConcat(node)
    case "Constant": try readConstant(node)
    case "ConstantOfShape": try readConstantOfShape(node)
    case "Flatten": try readFlatten(node)
    case "Gather": try readGather(node)
    case "Gemm": try readGemm(node)
    case "Identity": try set(try value(node, 0), node)
    case "IsNaN": try readIsNaN(node)
    case "MatMul": try readMatMul(node)
    case "Not": try readNot(node)
    case "Reshape": try readReshape(node)
    // Looked at by `ConstantOfShape` alone.
    case "Shape": break
    case "Slice": try readSlice(node)
    case "Softmax": try readSoftmax(node)
    case "Squeeze": try readSqueeze(node)
    case "Sum": try readBinary(.add, node)
    case "Transpose": try readTranspose(node)
    case "Unsqueeze": try readUnsqueeze(node)
    case "Where": try readWhere(node)
    default: throw .notComputed("operator '\(name)'")
    }
  }
}

// MARK: - Values

extension OperatorReader {
  /// The value of that name, which a node before, an initializer or an input gives.
  func value(named name: String) throws(PipelineObstacle) -> PipelineValue {
    if let value = builder.values[name] { return value }
    if let tensor = file.initializers[name] { return .constant(try Self.constant(tensor)) }
    guard file.nodes.contains(where: { $0.outputs.contains(name) }) else {
      throw .corrupt("value '\(name)' is used, but nothing gives it")
    }
    throw .notComputed("value '\(name)' where it is used")
  }

  static func constant(_ tensor: OnnxTensor) throws(PipelineObstacle) -> Constant {
    // That the dimensions fit is part of what `elements` checks.
    Constant(elements: try tensor.elements(), dimensions: tensor.dimensions.map { Int($0) })
  }

  func value(_ node: OnnxNode, _ place: Int) throws(PipelineObstacle) -> PipelineValue {
    guard place < node.inputs.count, !node.inputs[place].isEmpty else {
      throw .corrupt("'\(node.operatorName)' lacks input \(place)")
    }
    return try value(named: node.inputs[place])
  }

  /// An input that differs from row to row.
  func column(_ node: OnnxNode, _ place: Int) throws(PipelineObstacle) -> Column {
    guard case .column(let column) = try value(node, place) else {
      throw .notComputed("'\(node.operatorName)' of a constant")
    }
    return column
  }

  /// As `column`, a table of some kind.
  func table(_ node: OnnxNode, _ kinds: ElementKind...) throws(PipelineObstacle) -> Column {
    let column = try column(node, 0)
    guard column.shape.isTable, kinds.contains(column.kind) else {
      throw .notComputed("'\(node.operatorName)' of \(column.kind)s of rank \(column.shape.rank)")
    }
    return column
  }

  func constant(_ node: OnnxNode, _ place: Int) throws(PipelineObstacle) -> Constant {
    guard case .constant(let constant) = try value(node, place) else {
      throw .notComputed("'\(node.operatorName)' with settings that differ from row to row")
    }
    return constant
  }

  /// Whole numbers that are a constant, or `nil` where the optional input is left out.
  func integers(_ node: OnnxNode, _ place: Int) throws(PipelineObstacle) -> [Int64]? {
    guard place < node.inputs.count, !node.inputs[place].isEmpty else { return nil }
    switch try constant(node, place).elements {
    case .integers(let all): return all
    case .smallIntegers(let all): return all.map(Int64.init)
    case let other: throw .notComputed("'\(node.operatorName)' with \(other.kind)s as settings")
    }
  }

  mutating func set(
    _ value: PipelineValue, _ node: OnnxNode, output: Int = 0
  ) throws(PipelineObstacle) {
    guard output < node.outputs.count, !node.outputs[output].isEmpty else { return }
    let name = node.outputs[output]
    guard builder.values[name] == nil else { throw .corrupt("two nodes give value '\(name)'") }
    builder.values[name] = value
  }

  /// The same elements under another shape.
  mutating func set(
    _ column: Column, as shape: ColumnShape, _ node: OnnxNode
  ) throws(PipelineObstacle) {
    try set(.column(Column(place: column.place, kind: column.kind, shape: shape)), node)
  }

  /// A fresh column for a node's output.
  mutating func output(
    _ node: OnnxNode, _ kind: ElementKind, _ shape: ColumnShape, output: Int = 0
  ) throws(PipelineObstacle) -> Column {
    let column = try builder.column(kind, shape)
    try set(.column(column), node, output: output)
    return column
  }
}
