/// Reads what CatBoost's `save_model(format="json")` writes, of models whose splits ask numbers and
/// one-hot categories.
///
/// The format is described in CatBoost's tutorial of JSON models
/// (catboost/tutorials/model_analysis/model_export_as_json_tutorial.ipynb).
struct CatBoostReader {
  private var source: JSONSource
  private var columns = CatBoostColumns()
  private var trees: [CatBoostTree] = []
  private var scale = 1.0
  private var bias: [Double] = []
  private var loss: String?
  private var classLabels: [String] = []

  init(_ source: JSONSource) { self.source = source }

  mutating func model() throws(FormatProblem) -> TabularModel {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "features_info": try columns.read(&source)
      case "oblivious_trees" where try source.nextKind() == .array:
        try source.beginArray()
        while try source.hasElement() {
          trees.append(try inTree { (source) throws(FormatProblem) in try .symmetric(&source) })
        }
      case "trees" where try source.nextKind() == .array:
        try source.beginArray()
        while try source.hasElement() {
          trees.append(try inTree { (source) throws(FormatProblem) in try .nested(&source) })
        }
      case "scale_and_bias": try readScale()
      case "model_info": try readDescription()
      default: try source.skip()
      }
    }
    return try assembled()
  }

  private mutating func inTree(
    _ read: (inout JSONSource) throws(FormatProblem) -> CatBoostTree
  ) throws(FormatProblem) -> CatBoostTree {
    do throws(FormatProblem) { return try read(&source) } catch {
      throw FormatProblem("tree \(trees.count): \(error.text)")
    }
  }

  /// The bias is a number in old files, a list of one for each output in others.
  private mutating func readScale() throws(FormatProblem) {
    try source.beginArray()
    guard try source.hasElement() else { return }
    scale = try source.double()
    while try source.hasElement() {
      if try source.nextKind() == .array {
        try source.doubles(into: &bias)
      } else {
        bias = [try source.double()]
      }
    }
  }

  private mutating func readDescription() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "class_params" where try source.nextKind() == .object: try readClasses()
      case "params" where try source.nextKind() == .object: try readTraining()
      default: try source.skip()
      }
    }
  }

  private mutating func readClasses() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "class_names" where try source.nextKind() == .array:
        try source.beginArray()
        while try source.hasElement() { classLabels.append(try source.label()) }
      default: try source.skip()
      }
    }
  }

  private mutating func readTraining() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      guard case "loss_function" = key, try source.nextKind() == .object else {
        try source.skip()
        continue
      }
      try source.beginObject()
      while let key = try source.nextKey() {
        switch key {
        case "type": loss = try source.string()
        default: try source.skip()
        }
      }
    }
  }
}

extension CatBoostReader {
  private func assembled() throws(FormatProblem) -> TabularModel {
    guard let first = trees.first else { throw FormatProblem("there are no trees in it") }
    let width = first.leafValues.count / max(first.leafCount, 1)
    guard width >= 1, trees.allSatisfy({ $0.leafValues.count == $0.leafCount * width }) else {
      throw FormatProblem("its trees have not the same number of values in every leaf")
    }
    guard bias.isEmpty || bias.count == 1 || bias.count == width else {
      throw FormatProblem("\(bias.count) biases for \(width) outputs")
    }
    let features = try columns.features(fileBytes: source.byteCount)
    var decisionTrees: [DecisionTree] = []
    var wordsLeft = FormatLimits.categoryWords(fileBytes: source.byteCount)
    for (place, tree) in trees.enumerated() {
      do throws(FormatProblem) {
        decisionTrees.append(try decisionTree(tree, width: width, wordsLeft: &wordsLeft))
      } catch {
        throw FormatProblem("tree \(place): \(error.text)")
      }
    }
    let ensemble = TreeEnsemble(
      trees: decisionTrees, featureCount: features.count, outputCount: width,
      sum: LeafSum(
        precision: .double,
        base: (0..<width).map { bias.count == width ? bias[$0] : bias.first ?? 0 },
        startsWithBase: false),
      inputPrecision: .float)
    return TabularModel(
      features: features, predictor: .trees(ensemble),
      transform: OutputTransform(try transform(width: width), precision: .double),
      objective: loss ?? "unknown", format: .catboost, rounds: trees.count,
      classLabels: classLabels)
  }

  private func decisionTree(
    _ tree: CatBoostTree, width: Int, wordsLeft: inout Int
  ) throws(FormatProblem) -> DecisionTree {
    var sets = CatBoostSets(wordsLeft: wordsLeft)
    // The scale is 1 but in models that were put together of others; with another one the last bits
    // of the sum are not CatBoost's, which multiplies the sum of the trees.
    var read = DecisionTree(
      nodes: [], leafValues: tree.leafValues, leafWidth: width, weight: scale)
    read.nodes.reserveCapacity(tree.nodes.count)
    for (place, node) in tree.nodes.enumerated() {
      let kind: TreeNode.Kind
      if let split = node.split {
        kind = try columns.kind(of: split, no: node.no, yes: node.yes, sets: &sets)
      } else {
        kind = .leaf(node.no)
      }
      let number = node.split == nil ? node.no : place
      read.nodes.append(TreeNode(kind, cover: node.cover, libraryIndex: Int32(number)))
    }
    read.categorySets = sets.sets
    wordsLeft = sets.wordsLeft
    return read
  }

  /// As CatBoost's estimators predict: probabilities of classes, counts, else the sum itself.
  private func transform(width: Int) throws(FormatProblem) -> OutputTransform.Kind {
    switch loss {
    case "Logloss", "CrossEntropy", "MultiClassOneVsAll", "MultiLogloss", "MultiCrossEntropy":
      return .sigmoid(slope: 1)
    case "MultiClass": return .softmax
    case "Poisson", "Tweedie": return .exponential
    case "RMSEWithUncertainty":
      throw FormatProblem("predictions with their uncertainty are not served")
    case nil where !classLabels.isEmpty: return width == 1 ? .sigmoid(slope: 1) : .softmax
    default: return .identity
    }
  }
}
