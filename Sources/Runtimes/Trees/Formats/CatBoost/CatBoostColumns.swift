/// The columns of a CatBoost model: numbers and categories are counted each for themselves, and have
/// a place in the row beside.
struct CatBoostColumns {
  /// By the number among those of the kind.
  private(set) var numbers: [Int: Column] = [:]
  private(set) var categories: [Int: Column] = [:]
  /// What a hash was made of, where the model was saved with its training data.
  private var names: [UInt32: String] = [:]
  private var hasOtherColumns = false

  struct Column {
    var place = 0
    var name = ""
    var nanIsGreatest = false
    /// Categories that splits ask for, by the code that a row has for them, and the codes.
    var hashes: [UInt32] = []
    var codes: [UInt32: Int] = [:]
  }

  mutating func read(_ source: inout some ModelSource) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "float_features" where try source.nextKind() == .array:
        try readColumns(&source, into: \.numbers)
      case "categorical_features" where try source.nextKind() == .array:
        try readColumns(&source, into: \.categories)
      case "cat_features_hash" where try source.nextKind() == .array: try readNames(&source)
      case "text_features", "embedding_features":
        hasOtherColumns = true
        try source.skip()
      default: try source.skip()
      }
    }
  }

  private mutating func readColumns(
    _ source: inout some ModelSource, into columns: WritableKeyPath<Self, [Int: Column]>
  ) throws(FormatProblem) {
    try source.beginArray()
    while try source.hasElement() {
      var number = -1
      let column = try Column(&source, number: &number)
      self[keyPath: columns][number] = column
    }
  }

  private mutating func readNames(
    _ source: inout some ModelSource
  ) throws(FormatProblem) {
    try source.beginArray()
    while try source.hasElement() {
      var hash: UInt32 = 0
      var name = ""
      try source.beginObject()
      while let key = try source.nextKey() {
        switch key {
        case "hash": hash = UInt32(truncatingIfNeeded: try source.integer())
        case "value": name = try source.label()
        default: try source.skip()
        }
      }
      names[hash] = name
    }
  }

  func features(fileBytes: Int) throws(FormatProblem) -> [TabularFeature] {
    guard !hasOtherColumns else {
      throw FormatProblem(
        "it has columns of text or embeddings, which are not served: only numbers and one-hot "
          + "categories are")
    }
    let all = numbers.values.map { ($0, false) } + categories.values.map { ($0, true) }
    let count = (all.map(\.0.place).max() ?? -1) &+ 1
    try FormatLimits.checkDeclared(count, "columns", fileBytes: fileBytes)
    guard all.allSatisfy({ $0.0.place >= 0 }) else {
      throw FormatProblem("a column has a place below zero")
    }
    var features = Array(repeating: TabularFeature(), count: count)
    for (column, isCategorical) in all {
      features[column.place] = TabularFeature(
        name: column.name.isEmpty ? nil : column.name, isCategorical: isCategorical,
        categories: isCategorical ? column.hashes.map { names[$0] ?? "hash \($0)" } : [])
    }
    return features
  }

  /// The split of a node, children by their places there.
  func kind(
    of split: CatBoostSplit, no: Int, yes: Int, sets: inout CatBoostSets
  ) throws(FormatProblem) -> TreeNode.Kind {
    switch split.kind {
    case "FloatFeature":
      guard let column = numbers[split.column] else { throw Self.unknown(split) }
      // NaN is greater than every border or than none; the latter too where none was trained with.
      let way = Split(
        feature: column.place, left: no, right: yes, missingGoesLeft: !column.nanIsGreatest)
      if split.border.isNaN || split.border == .infinity {
        return .numeric(way, threshold: .nan)
      }
      return .numeric(way, threshold: Double(split.border.nextUp))
    case "OneHotFeature":
      guard let column = categories[split.column] else { throw Self.unknown(split) }
      guard let code = column.codes[split.hash] else { throw Self.unknown(split) }
      let way = Split(feature: column.place, left: yes, right: no, missingGoesLeft: false)
      return .categorical(way, set: try sets.place(of: code))
    default:
      throw FormatProblem(
        "it has splits of kind \(split.kind.prefix(40)), made of statistics of its training data, "
          + "which are not served: train with one_hot_max_size no less than the number of categories"
      )
    }
  }

  private static func unknown(_ split: CatBoostSplit) -> FormatProblem {
    FormatProblem("a split asks column \(split.column) of its kind for what it does not have")
  }
}

extension CatBoostColumns.Column {
  init(_ source: inout some ModelSource, number: inout Int) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "feature_index": number = try source.integer()
      case "flat_feature_index": place = try source.integer()
      case "feature_name": name = try source.label()
      case "nan_value_treatment": nanIsGreatest = try source.string() == "AsTrue"
      case "values" where try source.nextKind() == .array:
        var values: [Int] = []
        try source.integers(into: &values)
        hashes = values.map { UInt32(truncatingIfNeeded: $0) }
        codes = Dictionary(zip(hashes, hashes.indices)) { first, _ in first }
      default: try source.skip()
      }
    }
  }
}

/// The sets of one category each that the splits of a tree ask.
struct CatBoostSets {
  private(set) var sets: [CategorySet] = []
  private var places: [Int: Int] = [:]
  private(set) var wordsLeft: Int

  init(wordsLeft: Int) { self.wordsLeft = wordsLeft }

  mutating func place(of code: Int) throws(FormatProblem) -> Int {
    if let place = places[code] { return place }
    places[code] = sets.count
    sets.append(try CategorySet(of: CollectionOfOne(code), wordsLeft: &wordsLeft))
    return sets.count - 1
  }
}
