/// Reads the text that LightGBM's `save_model` writes.
///
/// It has a head of `key=value` lines, the trees, each begun by a line `Tree=n`, a line
/// `end of trees`, and then the settings of the training. The format is not specified anywhere but in
/// what LightGBM writes and reads (src/boosting/gbdt_model_text.cpp, src/io/tree.cpp).
struct LightGBMReader {
  private var lines: TextLines
  private var head: [String: String] = [:]
  private var tree = LightGBMTree()
  private var trees: [DecisionTree] = []
  private var columns = MissingColumns(columnCount: 0)
  private var pandasCategories: [[String]] = []
  private var metadata: [String: String] = [:]

  init(_ bytes: UnsafeRawBufferPointer) { lines = TextLines(bytes) }

  mutating func model() throws(FormatProblem) -> TabularModel {
    var hasTree = readHead()
    let featureCount = try number("max_feature_idx") + 1
    let perRound = try number("num_tree_per_iteration", or: "num_class")
    try FormatLimits.checkDeclared(featureCount, "columns", fileBytes: lines.bytes.count)
    try FormatLimits.checkDeclared(perRound, "outputs", fileBytes: lines.bytes.count)
    columns = MissingColumns(columnCount: featureCount)
    while hasTree { hasTree = try readTree(perRound: perRound) }
    try readTail()
    return try model(featureCount: featureCount, perRound: perRound)
  }

  /// Up to the first tree; whether there is one.
  private mutating func readHead() -> Bool {
    while let line = lines.next() {
      if line.hasPrefix("Tree=") { return true }
      if line.hasPrefix("end of trees") { return false }
      let (key, value) = line.keyAndValue
      if !key.bytes.isEmpty { head[key.text] = value.text }
    }
    return false
  }

  private func number(_ key: String, or other: String? = nil) throws(FormatProblem) -> Int {
    guard let text = head[key] ?? other.flatMap({ head[$0] }) else {
      throw FormatProblem("it has no line \(key)=")
    }
    guard let value = Int(text), value < Int(Int32.max) else {
      throw FormatProblem("\(key) is \"\(text.prefix(40))\"")
    }
    return value
  }

  /// The lines of a tree, up to the next; whether there is one.
  private mutating func readTree(perRound: Int) throws(FormatProblem) -> Bool {
    guard perRound >= 1 else { throw FormatProblem("it has \(perRound) trees a round") }
    tree.reset()
    do throws(FormatProblem) {
      while let line = lines.next() {
        let isNext = line.hasPrefix("Tree=")
        if isNext || line.hasPrefix("end of trees") {
          var read = try tree.decisionTree(columns: &columns)
          read.output = trees.count % perRound
          trees.append(read)
          return isNext
        }
        let (key, value) = line.keyAndValue
        try tree.read(key, value)
      }
    } catch {
      throw FormatProblem("tree \(trees.count): \(error.text)")
    }
    throw .truncated(at: lines.bytes.count)
  }

  private mutating func readTail() throws(FormatProblem) {
    while let line = lines.next() {
      if line.hasPrefix("[boosting: ") {
        metadata["boosting"] = String(line.text.dropFirst("[boosting: ".count).dropLast())
      } else if line.hasPrefix("pandas_categorical:") {
        try readPandasCategories(
          UnsafeRawBufferPointer(rebasing: line["pandas_categorical:".utf8.count...]))
      }
    }
  }

  /// A list for each categorical column, or null.
  private mutating func readPandasCategories(
    _ json: UnsafeRawBufferPointer
  ) throws(FormatProblem) {
    var source = JSONSource(json)
    guard try source.nextKind() == .array else { return }
    try source.beginArray()
    while try source.hasElement() {
      var labels: [String] = []
      try source.beginArray()
      while try source.hasElement() { labels.append(try source.label()) }
      pandasCategories.append(labels)
    }
  }

  private func model(featureCount: Int, perRound: Int) throws(FormatProblem) -> TabularModel {
    guard !trees.isEmpty else { throw FormatProblem("there are no trees in it") }
    guard trees.count % perRound == 0 else {
      throw FormatProblem("\(trees.count) trees are not whole rounds of \(perRound)")
    }
    let sizes = head["tree_sizes"].map { $0.split(separator: " ").count } ?? trees.count
    guard sizes == trees.count else {
      throw FormatProblem("\(sizes) trees are announced, \(trees.count) are there")
    }
    let ensemble = TreeEnsemble(
      trees: trees, featureCount: featureCount, outputCount: perRound,
      zeroIsMissing: try columns.checked(),
      sum: LeafSum(
        precision: .double, base: Array(repeating: 0, count: perRound), startsWithBase: true,
        isAverage: head["average_output"] != nil, treesPerRound: perRound),
      inputPrecision: .double)
    let objective = try LightGBMObjective(head["objective"])
    return TabularModel(
      features: try features(featureCount), predictor: .trees(ensemble),
      transform: OutputTransform(objective.transform, precision: .double),
      objective: head["objective"] ?? "custom", format: .lightgbm,
      rounds: trees.count / perRound,
      metadata: metadata.merging(head["version"].map { ["lightgbm_format": $0] } ?? [:]) { $1 })
  }

  private func features(_ count: Int) throws(FormatProblem) -> [TabularFeature] {
    let names = (head["feature_names"] ?? "").split(separator: " ")
    guard names.isEmpty || names.count == count else {
      throw FormatProblem("\(names.count) names of \(count) columns")
    }
    // What a column's training values were: [least:greatest], or categories with colons between.
    let ranges = (head["feature_infos"] ?? "").split(separator: " ")
    var features = (0..<count).map { place in
      let range = place < ranges.count ? ranges[place] : ""
      return TabularFeature(
        name: names.isEmpty ? nil : String(names[place]),
        isCategorical: range.contains(":") && !range.hasPrefix("["))
    }
    let categorical = features.indices.filter { features[$0].isCategorical }
    if categorical.count == pandasCategories.count {
      for (column, labels) in zip(categorical, pandasCategories) {
        features[column].categories = labels
      }
    }
    return features
  }
}
