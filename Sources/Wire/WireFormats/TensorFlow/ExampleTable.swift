import Inference

/// One feature of a `tensorflow.Example`: its name, and its values, not yet read.
struct ExampleFeature {
  enum Values {
    case none
    case strings(UnsafeRawBufferPointer)
    case floats(UnsafeRawBufferPointer)
    case integers(UnsafeRawBufferPointer)
  }

  private(set) var name = ""
  private(set) var values = Values.none

  /// An entry of `Features.feature`.
  init(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): name = try reader.string()
      case (2, .bytes): try readValues(try reader.slice())
      default: try reader.skip(field)
      }
    }
  }

  private mutating func readValues(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): values = .strings(try reader.slice())
      case (2, .bytes): values = .floats(try reader.slice())
      case (3, .bytes): values = .integers(try reader.slice())
      default: try reader.skip(field)
      }
    }
  }

  /// The features of an `Example`.
  static func all(in example: UnsafeRawBufferPointer) throws(InputProblem) -> [ExampleFeature] {
    var found: [ExampleFeature] = []
    var reader = ProtobufReader(example)
    while let field = try reader.next() {
      guard field.number == 1, field.wireType == .bytes else {
        try reader.skip(field)
        continue
      }
      var features = ProtobufReader(try reader.slice())
      while let entry = try features.next() {
        guard entry.number == 1, entry.wireType == .bytes else {
          try features.skip(entry)
          continue
        }
        found.append(try ExampleFeature(try features.slice()))
      }
    }
    return found
  }
}

/// Becomes a model's inputs, a row for each example: each feature the input of its name, or all, side
/// by side, the model's one wide input, as columns of other tables do.
struct ExampleTable {
  private let signature: ModelSignature
  private let plan: ColumnPlan
  private let columns: [String: Int]
  /// Features that each example has, too, where it does not say them itself, by their columns.
  private let shared: [(column: Int, feature: ExampleFeature)]
  private var cells: [FeatureCells]
  private var rowCount = 0

  /// Cells of a table that come out of each byte of its message, where examples share features; and
  /// those of any table.
  private static let cellsPerByteMax = 16
  private static let cellCountMax = 1 << 24

  /// The table of these examples; `nil` where a tensor would be larger than `byteCountMax`, or the
  /// examples share more than their bytes can pay for.
  static func tensors(
    _ signature: ModelSignature, examples: [UnsafeRawBufferPointer],
    shared: UnsafeRawBufferPointer, byteCountMax: Int
  ) throws(InputProblem) -> (tensors: [Tensor?], rowCount: Int)? {
    guard let first = examples.first else {
      throw .fieldOfWrongKind("examples", expected: "one example at least")
    }
    var table = try ExampleTable(signature, first: first, shared: shared)
    let byteCount = examples.reduce(shared.count) { $0 + $1.count }
    let (cellCount, overflow) = examples.count.multipliedReportingOverflow(
      by: max(table.columns.count, 1))
    guard !overflow, cellCount <= min(byteCount * cellsPerByteMax, cellCountMax) else { return nil }
    for example in examples {
      try table.append(example)
      guard table.cells.allSatisfy({ $0.byteCount <= byteCountMax }) else { return nil }
    }
    return (try table.tensors(), examples.count)
  }

  private init(
    _ signature: ModelSignature, first: UnsafeRawBufferPointer, shared: UnsafeRawBufferPointer
  ) throws(InputProblem) {
    self.signature = signature
    var names = try ExampleFeature.all(in: first).map(\.name)
    let own = Set(names)
    let common = try ExampleFeature.all(in: shared)
    names += common.map(\.name).filter { !own.contains($0) }
    plan = try ColumnPlan(signature, columns: names, width: names.count)
    let columns = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    self.columns = columns
    self.shared = common.compactMap { feature in columns[feature.name].map { ($0, feature) } }
    switch plan.target {
    case .inputs(let places): cells = places.map { FeatureCells(signature.inputs[$0]) }
    case .features(let input, _, _):
      cells = [FeatureCells(signature.inputs[input], perCell: 1)]
    }
  }

  private mutating func append(_ example: UnsafeRawBufferPointer) throws(InputProblem) {
    var row = [ExampleFeature?](repeating: nil, count: columns.count)
    let label = "examples[\(rowCount)]"
    rowCount += 1
    for feature in try ExampleFeature.all(in: example) {
      guard let column = columns[feature.name] else {
        throw .fieldOfWrongKind(
          "\(label).\(feature.name)", expected: "left out, as the first example has it not")
      }
      guard row[column] == nil else {
        throw .fieldOfWrongKind("\(label).\(feature.name)", expected: "given once")
      }
      row[column] = feature
    }
    for (column, feature) in shared where row[column] == nil { row[column] = feature }
    if let absent = columns.first(where: { row[$0.value] == nil }) {
      throw .missingField("\(label).\(absent.key)")
    }
    switch plan.target {
    case .inputs:
      for (column, feature) in row.enumerated() { try cells[column].append(feature) }
    case .features(_, let places, let width):
      // In their places along the wide axis.
      var order = [ExampleFeature?](repeating: nil, count: width)
      for (column, place) in places.enumerated() { order[place] = row[column] }
      for feature in order { try cells[0].append(feature) }
    }
  }

  private func tensors() throws(InputProblem) -> [Tensor?] {
    var tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
    switch plan.target {
    case .inputs(let places):
      for (column, place) in places.enumerated() {
        tensors[place] = try cells[column].tensor(rowCount: rowCount)
      }
      try PlainPredictReader.requireAll(tensors, signature)
    case .features(let input, _, let width):
      tensors[input] = try cells[0].tensor(rowCount: rowCount, width: width)
    }
    return tensors
  }
}
