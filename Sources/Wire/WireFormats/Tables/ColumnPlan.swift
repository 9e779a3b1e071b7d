import Inference

/// Where the columns of a table go: each to the input of its name, or all, side by side, to the
/// model's one input of two axes.
struct ColumnPlan {
  enum Target {
    /// Each column's input.
    case inputs([Int])
    /// Each column's place along axis 1 of that input, and how many places there are.
    case features(input: Int, places: [Int], width: Int)
  }

  let target: Target

  /// `columns` are `nil` where the table does not name them; they go by their order then.
  init(
    _ signature: ModelSignature, columns: [String]?, width: Int
  ) throws(InputProblem) {
    if let columns { try Self.refuseTwice(columns) }
    if let columns, let table = signature.table, try Self.isTable(columns, table, signature) {
      target = try Self.features(signature, 0, columns, width)
    } else if let columns, columns.contains(where: { signature.inputIndex(named: $0) != nil }) {
      target = .inputs(try Self.inputs(signature, columns))
    } else if let wide = Self.wideInput(signature) {
      target = try Self.features(signature, wide, columns, width)
    } else if columns == nil, signature.inputs.count == width {
      target = .inputs(Array(0..<width))
    } else {
      throw .framing(
        "the table's columns \(PublicText.quoted(columns ?? [])) are not the model's inputs, which "
          + "are \(PublicText.quoted(signature.inputs.map(\.name)))")
    }
  }

  private static func refuseTwice(_ columns: [String]) throws(InputProblem) {
    var seen: Set<String> = []
    for column in columns where !seen.insert(column).inserted {
      throw .framing("the table has column \(PublicText.quoted(column)) twice")
    }
  }

  /// Whether these are columns of a tabular model, and not its one input by name.
  private static func isTable(
    _ columns: [String], _ table: FeatureTable, _ signature: ModelSignature
  ) throws(InputProblem) -> Bool {
    let input = signature.inputs[0].name
    guard columns.contains(input), !(table.names?.contains(input) ?? false) else { return true }
    guard columns.count > 1 else { return false }
    throw .framing(
      "\(PublicText.quoted(input)), which is the whole table, came beside "
        + "\(PublicText.quoted(columns.filter { $0 != input })); send the table as one, or each of "
        + "its columns by name")
  }

  private static func inputs(
    _ signature: ModelSignature, _ columns: [String]
  ) throws(InputProblem) -> [Int] {
    var places: [Int] = []
    for column in columns {
      guard let place = signature.inputIndex(named: column) else {
        throw unknown(column, signature.inputs.map(\.name))
      }
      places.append(place)
    }
    for (place, input) in signature.inputs.enumerated()
    where !input.isOptional && !places.contains(place) {
      throw missing(input.name, signature.inputs.map(\.name))
    }
    return places
  }

  /// The model's only input, where it has rows and columns.
  private static func wideInput(_ signature: ModelSignature) -> Int? {
    let required = signature.inputs.indices.filter { !signature.inputs[$0].isOptional }
    guard required.count == 1, !signature.inputs[required[0]].isShapeless,
      signature.inputs[required[0]].dimensions.count == 2
    else { return nil }
    return required[0]
  }

  private static func features(
    _ signature: ModelSignature, _ input: Int, _ columns: [String]?, _ width: Int
  ) throws(InputProblem) -> Target {
    if let columns, let names = FeatureNames.of(signature, for: columns) {
      let known = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
      var places: [Int] = []
      for column in columns {
        guard let place = known[column] else { throw unknown(column, names) }
        places.append(place)
      }
      if places.count < names.count {
        let given = Set(places)
        let name = names.indices.first { !given.contains($0) } ?? 0
        throw missing(names[name], names)
      }
      return .features(input: input, places: places, width: names.count)
    }
    let count = columns?.count ?? width
    if case .fixed(let expected) = signature.inputs[input].dimensions[1], expected != count {
      throw .framing(
        "the table has \(count) columns, and input \(PublicText.quoted(signature.inputs[input].name))"
          + " takes \(expected)")
    }
    return .features(input: input, places: Array(0..<count), width: count)
  }

  private static func unknown(_ column: String, _ known: [String]) -> InputProblem {
    .framing(
      "the model has no column \(PublicText.quoted(column)); its columns are "
        + PublicText.quoted(known))
  }

  private static func missing(_ column: String, _ known: [String]) -> InputProblem {
    .framing(
      "column \(PublicText.quoted(column)) is missing; the model's columns are "
        + PublicText.quoted(known))
  }
}

/// The names of a model's columns, as its file's metadata may give them: `feature_names`, a JSON
/// array of strings, a Python list of them, or names with commas between them.
enum FeatureNames {
  /// The names that these columns go by. Those of a tabular model whose file has none may be called as
  /// its explanations call them, `f0` and so on; else they go by their order.
  static func of(_ signature: ModelSignature, for columns: [String]) -> [String]? {
    if let names = of(signature) { return names }
    guard signature.table != nil, case .fixed(let width) = signature.inputs[0].dimensions.last
    else {
      return nil
    }
    let names = (0..<width).map { "f\($0)" }
    return Set(names).isSuperset(of: columns) ? names : nil
  }

  static func of(_ signature: ModelSignature) -> [String]? {
    if let names = signature.table?.names { return names }
    guard let text = signature.metadata["feature_names"], !text.isEmpty else { return nil }
    let bytes = Array(text.utf8)
    // What is no JSON is a list with commas.
    let document = bytes.withUnsafeBytes { try? JSONValue(parsing: $0) }
    if case .array(let elements) = document {
      let names = elements.compactMap { element -> String? in
        if case .string(let name) = element { name } else { nil }
      }
      return names.count == elements.count ? names : nil
    }
    if text.first == "[" { return quoted(text) }
    return text.split(separator: ",").map { String($0.trimmingPrefix { $0 == " " }) }
  }

  /// What stands between quotes of either kind.
  private static func quoted(_ text: String) -> [String]? {
    var names: [String] = []
    var rest = text[...]
    while let start = rest.firstIndex(where: { $0 == "'" || $0 == "\"" }) {
      let inner = rest[rest.index(after: start)...]
      guard let end = inner.firstIndex(of: rest[start]) else { return nil }
      names.append(String(inner[..<end]))
      rest = inner[inner.index(after: end)...]
    }
    return names.isEmpty ? nil : names
  }
}
