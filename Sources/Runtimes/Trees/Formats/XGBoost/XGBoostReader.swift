/// Reads what XGBoost's `save_model` writes since version 1.0, as JSON or UBJSON, and the state
/// within its pickles (`serialize`), which is the same between two keys.
///
/// The schema is public: doc/model.schema and doc/tutorials/saving_model.rst of XGBoost.
struct XGBoostReader<Source: ModelSource> {
  private var source: Source
  private var scratch: XGBoostTree
  private var file = XGBoostFile()

  init(_ source: Source) {
    self.source = source
    scratch = XGBoostTree(fileBytes: source.byteCount)
  }

  mutating func model() throws(FormatProblem) -> TabularModel {
    try readTop(isState: false)
    return try file.model(fileBytes: source.byteCount)
  }

  private mutating func readTop(isState: Bool) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "learner": try readLearner()
      case "version": try source.integers(into: &file.version)
      case "Model" where !isState: try readTop(isState: true)
      default: try source.skip()
      }
    }
  }

  private mutating func readLearner() throws(FormatProblem) {
    try source.beginObject()
    file.hasLearner = true
    while let key = try source.nextKey() {
      switch key {
      case "attributes": try readAttributes()
      case "feature_names": file.featureNames = try source.strings()
      case "feature_types": file.featureTypes = try source.strings()
      case "gradient_booster": try readBooster()
      case "learner_model_param": try readParameters()
      case "objective": try readObjective()
      default: try source.skip()
      }
    }
  }

  private mutating func readAttributes() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      let name = key.text
      file.attributes[name] = try source.label()
    }
  }

  private mutating func readParameters() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "base_score": file.baseScore = try source.label()
      case "num_class": file.classCount = try source.integerOrText()
      case "num_feature": file.featureCount = try source.integerOrText()
      case "num_target": file.targetCount = try source.integerOrText()
      default: try source.skip()
      }
    }
  }

  private mutating func readObjective() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "name": file.objective = try source.string()
      default: try source.skip()
      }
    }
  }

  /// DART wraps the booster of its trees, one deep.
  private mutating func readBooster(isInDart: Bool = false) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "model": try readModel()
      case "gbtree" where !isInDart: try readBooster(isInDart: true)
      case "weight_drop": try source.floats(into: &file.treeWeights)
      default: try source.skip()
      }
    }
  }

  private mutating func readModel() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "trees": try readTrees()
      case "tree_info": try source.integers(into: &file.treeOutputs)
      case "iteration_indptr": try source.integers(into: &file.roundStarts)
      case "gbtree_model_param": try readTreeParameters()
      case "weight_drop": try source.floats(into: &file.treeWeights)
      case "cats": try readCategories()
      case "weights":
        file.isLinear = true
        try source.floats(into: &file.weights)
      default: try source.skip()
      }
    }
  }

  private mutating func readTreeParameters() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "num_parallel_tree": file.parallelTrees = max(1, try source.integerOrText())
      default: try source.skip()
      }
    }
  }

  private mutating func readTrees() throws(FormatProblem) {
    try source.beginArray()
    while try source.hasElement() {
      scratch.reset()
      do throws(FormatProblem) {
        try scratch.read(&source)
        file.trees.append(try scratch.decisionTree())
      } catch {
        throw FormatProblem("tree \(file.trees.count): \(error.text)")
      }
    }
  }

  /// What the codes of each column stand for, since version 3.1.
  private mutating func readCategories() throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "enc":
        try source.beginArray()
        while try source.hasElement() { try readColumnCategories() }
      default: try source.skip()
      }
    }
  }

  /// Strings lie one behind the other as bytes, with the places where each begins; numbers as such.
  private mutating func readColumnCategories() throws(FormatProblem) {
    var offsets: [Int]?
    var values: [Int] = []
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "offsets":
        offsets = []
        try source.integers(into: &offsets!)
      case "values": try source.integers(into: &values)
      default: try source.skip()
      }
    }
    guard let offsets else { return file.categories.append(values.map(String.init)) }
    var names: [String] = []
    for (start, end) in zip(offsets, offsets.dropFirst()) {
      guard start >= 0, start <= end, end <= values.count else {
        throw FormatProblem("the names of its categories are not where they should be")
      }
      names.append(
        String(decoding: values[start..<end].map { UInt8(truncatingIfNeeded: $0) }, as: UTF8.self))
    }
    file.categories.append(names)
  }
}
