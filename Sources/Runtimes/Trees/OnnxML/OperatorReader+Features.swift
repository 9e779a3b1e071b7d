/// The operators that prepare features.
extension OperatorReader {
  mutating func readScaler(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .double, .int64, .int32)
    let source = column.kind == .double ? column : try cast(column, to: .float)
    var (offsets, scales) = (try node.floats("offset"), try node.floats("scale"))
    let width = column.shape.width
    guard !scales.isEmpty, offsets.count == scales.count else {
      throw .corrupt("'Scaler' has \(offsets.count) offsets for \(scales.count) scales")
    }
    guard scales.count == 1 || scales.count == width else {
      throw .corrupt("'Scaler' has \(scales.count) scales for \(width) columns")
    }
    let result = try output(node, .float, column.shape).place
    // One for all columns is written out, now that there is room for a row of them.
    if scales.count != width {
      offsets = [Float](repeating: offsets[0], count: width)
      scales = [Float](repeating: scales[0], count: width)
    }
    if source.kind == .double {
      builder.add(
        ScalerStep<Double>(
          source: source.place, offsets: offsets, scales: scales, width: width, result: result))
    } else {
      builder.add(
        ScalerStep<Float>(
          source: source.place, offsets: offsets, scales: scales, width: width, result: result))
    }
  }

  mutating func readImputer(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float, .int64)
    let width = column.shape.width
    if column.kind == .float {
      let values = try node.floats("imputed_value_floats")
      guard !values.isEmpty, let replaced = try node.float("replaced_value_float") else {
        throw .corrupt("'Imputer' does not say what replaces what")
      }
      builder.add(
        ImputerStep(
          source: column.place, replaced: replaced, replacements: values, width: width,
          result: try output(node, .float, column.shape).place))
    } else {
      let values = try node.integers("imputed_value_int64s")
      guard !values.isEmpty, let replaced = try node.integer("replaced_value_int64") else {
        throw .corrupt("'Imputer' does not say what replaces what")
      }
      builder.add(
        ImputerStep(
          source: column.place, replaced: replaced, replacements: values, width: width,
          result: try output(node, .int64, column.shape).place))
    }
  }

  mutating func readBinarizer(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try table(node, .float)
    let threshold = try node.float("threshold") ?? 0
    builder.add(
      BinarizerStep(
        source: column.place, threshold: threshold, width: column.shape.width,
        result: try output(node, .float, column.shape).place))
  }

  mutating func readNormalizer(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try cast(try table(node, .float, .int64, .int32), to: .float)
    guard let norm = NormalizerStep.Norm(rawValue: try node.text("norm") ?? "MAX") else {
      throw .corrupt("'Normalizer' has an unknown norm")
    }
    builder.add(
      NormalizerStep(
        norm: norm, source: column.place, width: column.shape.width,
        result: try output(node, .float, column.shape).place))
  }

  mutating func readFeatureVectorizer(_ node: OnnxNode) throws(PipelineObstacle) {
    let widths = try node.integers("inputdimensions")
    var columns: [PipelineValue] = []
    for place in node.inputs.indices {
      let column = try column(node, place)
      guard column.shape.isTable, column.kind != .string, place < widths.count,
        widths[place] == column.shape.width
      else { throw .notComputed("'FeatureVectorizer' that changes widths") }
      columns.append(.column(try cast(column, to: .float)))
    }
    try join(columns, along: 1, node)
  }
}

/// The operators that encode categories.
extension OperatorReader {
  mutating func readOneHotEncoder(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let numbers = try node.integers("cats_int64s")
    let texts = try node.texts("cats_strings")
    guard numbers.isEmpty != texts.isEmpty else {
      throw .corrupt("'OneHotEncoder' has no categories, or both kinds")
    }
    let isKnown = column.kind == .string || [.int64, .float, .double].contains(column.kind)
    guard isKnown, texts.isEmpty == (column.kind != .string), column.shape.rank <= 2 else {
      throw .notComputed("'OneHotEncoder' of \(column.kind)s of rank \(column.shape.rank)")
    }
    let keys: CategoryTable.Keys = texts.isEmpty ? .numbers(numbers) : .texts(texts)
    var shape = column.shape
    shape.rowLengths.append(keys.count)
    builder.add(
      OneHotStep(
        places: CategoryPlaces(
          table: CategoryTable(keys, lastCounts: true), source: column, truncatesReals: true),
        categoryCount: keys.count, allowsUnknown: try node.integer("zeros") ?? 1 != 0,
        result: try output(node, .float, shape).place))
  }

  mutating func readLabelEncoder(_ node: OnnxNode) throws(PipelineObstacle) {
    let column = try column(node, 0)
    let (keys, values, standard) =
      (file.operatorSets[Self.learningDomain] ?? 1) < 2
      ? try firstLabels(node, column) : try labels(node)
    guard keys.count == values.count, standard.count == 1, standard.kind == values.kind else {
      throw .corrupt("'LabelEncoder' has \(keys.count) keys for \(values.count) values")
    }
    guard keys.kind == column.kind else {
      throw .notComputed("'LabelEncoder' of \(column.kind)s with \(keys.kind)s as keys")
    }
    // Before version 4, NaN is not equal to the key NaN.
    let knowsNaN = file.operatorSets[Self.learningDomain] ?? 1 >= 4
    let table = CategoryTable(
      try Self.categoryKeys(keys, knowsNaN: knowsNaN), lastCounts: false)
    let places = CategoryPlaces(table: table, source: column, truncatesReals: false)
    let all = try values.appending(standard)
    let result = try output(node, values.kind, column.shape).place
    let constant = builder.constants.add(all, picks: Array(0..<all.count))
    switch values.kind.byteCount {
    case 4:
      builder.add(
        LabelStep<UInt32>(
          places: places, values: constant, categoryCount: keys.count, result: result))
    case 8:
      builder.add(
        LabelStep<UInt64>(
          places: places, values: constant, categoryCount: keys.count, result: result))
    default:
      builder.add(
        LabelStep<TextSlot>(
          places: places, values: constant, categoryCount: keys.count, result: result))
    }
  }

  /// Of version 1: classes by their number, in either direction.
  private func firstLabels(
    _ node: OnnxNode, _ column: Column
  ) throws(PipelineObstacle) -> (ConstantElements, ConstantElements, ConstantElements) {
    let texts = ConstantElements.texts(try node.texts("classes_strings"))
    let numbers = ConstantElements.integers((0..<texts.count).map(Int64.init))
    if column.kind == .string {
      return (texts, numbers, .integers([try node.integer("default_int64") ?? -1]))
    }
    return (numbers, texts, .texts([try node.bytes("default_string") ?? Array("_Unused".utf8)]))
  }

  private func labels(
    _ node: OnnxNode
  ) throws(PipelineObstacle) -> (ConstantElements, ConstantElements, ConstantElements) {
    let keys = try listed(node, "keys")
    let values = try listed(node, "values")
    if let tensor = try node.tensor("default_tensor") {
      return (keys, values, try tensor.elements())
    }
    switch values {
    case .texts:
      return (keys, values, .texts([try node.bytes("default_string") ?? Array("_Unused".utf8)]))
    case .floats: return (keys, values, .floats([try node.float("default_float") ?? -0.0]))
    case .integers: return (keys, values, .integers([try node.integer("default_int64") ?? -1]))
    default: throw .notComputed("'LabelEncoder' without a default")
    }
  }

  /// `keys_strings`, `keys_int64s`, `keys_floats` or `keys_tensor`, whichever is there.
  private func listed(
    _ node: OnnxNode, _ what: String
  ) throws(PipelineObstacle) -> ConstantElements {
    if let tensor = try node.tensor("\(what)_tensor") { return try tensor.elements() }
    let texts = try node.texts("\(what)_strings")
    if !texts.isEmpty { return .texts(texts) }
    let numbers = try node.integers("\(what)_int64s")
    if !numbers.isEmpty { return .integers(numbers) }
    let floats = try node.floats("\(what)_floats")
    if !floats.isEmpty { return .floats(floats) }
    throw .corrupt("'LabelEncoder' has no \(what)")
  }

  private static func categoryKeys(
    _ keys: ConstantElements, knowsNaN: Bool
  ) throws(PipelineObstacle) -> CategoryTable.Keys {
    func bits(_ key: Double) -> Int64 {
      key.isNaN && !knowsNaN ? CategoryTable.bitsOfNothing : CategoryTable.bits(of: key)
    }
    switch keys {
    case .texts(let all): return .texts(all)
    case .integers(let all): return .numbers(all)
    case .floats(let all): return .numbers(all.map { bits(Double($0)) })
    case .doubles(let all): return .numbers(all.map(bits))
    case .smallIntegers, .truths: throw .notComputed("'LabelEncoder' with such keys")
    }
  }
}

extension ConstantElements {
  /// These elements and then those, which are of the same kind.
  func appending(_ other: ConstantElements) throws(PipelineObstacle) -> ConstantElements {
    switch (self, other) {
    case (.floats(let own), .floats(let more)): .floats(own + more)
    case (.doubles(let own), .doubles(let more)): .doubles(own + more)
    case (.integers(let own), .integers(let more)): .integers(own + more)
    case (.texts(let own), .texts(let more)): .texts(own + more)
    default: throw .notComputed("lists of \(kind)s and \(other.kind)s")
    }
  }
}
