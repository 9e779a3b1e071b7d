package import Inference
import Vision

/// How rows of numbers become a model's inputs; made once for each model.
///
/// Either one input takes them, `[rows, columns...]` or `[rows]`, or several inputs take a column
/// each, `[rows, 1]` or `[rows]`, as converted pipelines have them.
package struct RowTensors: Sendable {
  private let inputs: [TensorDescription]
  /// Numbers that each input takes of a row.
  private let widths: [Int]
  /// What the model calls its columns; empty where it does not say.
  private let columnNames: [String]
  /// Rows that the model computes at once; `nil` where any number goes.
  package let rowsAtOnce: Int?

  private var columnCount: Int { widths.reduce(0, +) }

  /// Throws where this model takes something else than rows of numbers.
  package init(_ signature: ModelSignature) throws(RowProblem) {
    let inputs = signature.inputs.filter { !$0.isOptional }
    guard inputs.count == signature.inputs.count, !inputs.isEmpty else {
      throw .noRowInput(reason: "some of its inputs may be left out; send a request in JSON")
    }
    var widths: [Int] = []
    for input in inputs { widths.append(try Self.width(of: input)) }
    guard inputs.count == 1 || widths.allSatisfy({ $0 == 1 }) else {
      throw .noRowInput(
        reason: "it has \(inputs.count) inputs, and not each takes one column; send a request in "
          + "JSON")
    }
    self.inputs = inputs
    self.widths = widths
    rowsAtOnce = try Self.rowsAtOnce(inputs)
    let named =
      signature.table?.names
      ?? signature.metadata["feature_names"].flatMap(ClassNames.parse) ?? []
    let columnCount = widths.reduce(0, +)
    if inputs.count > 1 {
      columnNames = inputs.map(\.name)
    } else {
      columnNames = named.count == columnCount ? named : []
    }
  }

  private static func width(of input: TensorDescription) throws(RowProblem) -> Int {
    guard input.datatype != .bytes, !input.isShapeless, !input.dimensions.isEmpty else {
      throw .noRowInput(
        reason: "input \(input.name) is \(input.datatype.name); send a request in JSON")
    }
    var width = 1
    for dimension in input.dimensions.dropFirst() {
      guard case .fixed(let length) = dimension, length > 0 else {
        throw .noRowInput(
          reason: "input \(input.name) leaves open how many numbers a row has; send a request in "
            + "JSON")
      }
      let (product, overflow) = width.multipliedReportingOverflow(by: length)
      guard !overflow else { throw .noRowInput(reason: "input \(input.name) is too large") }
      width = product
    }
    return width
  }

  private static func rowsAtOnce(_ inputs: [TensorDescription]) throws(RowProblem) -> Int? {
    var lengths: Set<Int> = []
    for input in inputs {
      if case .fixed(let length)? = input.dimensions.first { lengths.insert(length) }
    }
    guard lengths.count <= 1, lengths.first != 0 else {
      throw .noRowInput(reason: "its inputs take different numbers of rows")
    }
    return lengths.first
  }

  /// Requests for all rows, in their order: one, or as many as a model of a fixed number of rows
  /// needs.
  package func requests(for table: RowTable) throws(RowProblem) -> [TensorRequest] {
    let columns = try columns(of: table)
    let step = rowsAtOnce ?? table.rowCount
    guard table.rowCount % step == 0 else {
      throw .wrongRowCount(multipleOf: step, got: table.rowCount)
    }
    var requests: [TensorRequest] = []
    for start in stride(from: 0, to: table.rowCount, by: step) {
      requests.append(try request(for: table, rows: start..<start + step, columns: columns))
    }
    return requests
  }

  /// A request for each row, in their order, where the model takes any number; else as `requests`.
  package func rowRequests(for table: RowTable) throws(RowProblem) -> [TensorRequest] {
    let requests = try requests(for: table)
    guard rowsAtOnce == nil, let all = requests.first else { return requests }
    return (0..<table.rowCount).map { row in
      TensorRequest(inputs: all.inputs.map { $0?.rows(row..<row + 1) })
    }
  }

  /// Which columns of the table the model's are: by title where all are there, else in order.
  private func columns(of table: RowTable) throws(RowProblem) -> [Int] {
    if let titles = table.titles, !columnNames.isEmpty {
      let places = columnNames.map { titles.firstIndex(of: $0) }
      if !places.contains(nil) { return places.compactMap { $0 } }
      let missing = zip(columnNames, places).filter { $0.1 == nil }.map(\.0)
      // Other names altogether, and as many: the order is meant.
      guard missing.count == columnNames.count, table.columnCount == columnCount else {
        throw .missingColumns(missing, titles: titles)
      }
    }
    guard table.columnCount == columnCount else {
      throw .wrongColumnCount(
        expected: columnCount, names: columnNames, got: table.columnCount)
    }
    return Array(0..<columnCount)
  }

  private func request(
    for table: RowTable, rows: Range<Int>, columns: [Int]
  ) throws(RowProblem) -> TensorRequest {
    var tensors: [Tensor] = []
    var taken = 0
    for (input, width) in zip(inputs, widths) {
      let part = Array(columns[taken..<taken + width])
      tensors.append(try tensor(for: input, table, rows: rows, columns: part))
      taken += width
    }
    return TensorRequest(inputs: tensors)
  }

  /// Cells that stand for no number in a table of features, where pandas would read none.
  private static let missing: Set = ["", "NA", "N/A", "null", "None", "NaN", "nan"]

  private func tensor(
    for input: TensorDescription, _ table: RowTable, rows: Range<Int>, columns: [Int]
  ) throws(RowProblem) -> Tensor {
    var bytes: [UInt8] = []
    for row in rows {
      for column in columns {
        let text = table.cell(row: row, column: column)
        let title = table.titles?[column] ?? String(column + 1)
        let isMissing = input.table != nil && Self.missing.contains(text)
        guard let number = isMissing ? .nan : Double(text) else {
          throw .notANumber(row: row + 1, column: title, text: text)
        }
        guard NumberBytes.append(number, text, as: input.datatype, to: &bytes) else {
          throw .outOfRange(row: row + 1, column: title, text: text, datatype: input.datatype)
        }
      }
    }
    let lengths = [rows.count] + input.dimensions.dropFirst().map(\.metadataLength)
    guard let shape = TensorShape(lengths) else {
      throw .noRowInput(reason: "input \(input.name) has too many axes")
    }
    return Tensor(bytes, datatype: input.datatype, shape: shape)
  }
}

/// Numbers as a tensor's bytes.
enum NumberBytes {
  /// False where the datatype has no such number.
  static func append(
    _ number: Double, _ text: String, as datatype: Datatype, to bytes: inout [UInt8]
  ) -> Bool {
    switch datatype {
    case .float64: add(number, to: &bytes)
    case .float32: addFloat(Float(text) ?? Float(number), finite: number.isFinite, to: &bytes)
    case .float16: addFloat(Float16(number), finite: number.isFinite, to: &bytes)
    case .bfloat16: add(upperHalf(Float(number)), to: &bytes)
    case .bool: number == 0 || number == 1 ? add(UInt8(number), to: &bytes) : false
    case .uint8: addInteger(number, text, UInt8.self, to: &bytes)
    case .uint16: addInteger(number, text, UInt16.self, to: &bytes)
    case .uint32: addInteger(number, text, UInt32.self, to: &bytes)
    case .uint64: addInteger(number, text, UInt64.self, to: &bytes)
    case .int8: addInteger(number, text, Int8.self, to: &bytes)
    case .int16: addInteger(number, text, Int16.self, to: &bytes)
    case .int32: addInteger(number, text, Int32.self, to: &bytes)
    case .int64: addInteger(number, text, Int64.self, to: &bytes)
    case .bytes: false
    }
  }

  /// All digits count where the text is an integer; `3.0` is one, too.
  private static func addInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ number: Double, _ text: String, _ type: Integer.Type, to bytes: inout [UInt8]
  ) -> Bool {
    guard let integer = Integer(text) ?? Integer(exactly: number) else { return false }
    return add(integer, to: &bytes)
  }

  private static func addFloat<Number: BinaryFloatingPoint & BitwiseCopyable>(
    _ value: Number, finite isFinite: Bool, to bytes: inout [UInt8]
  ) -> Bool {
    value.isFinite == isFinite ? add(value, to: &bytes) : false
  }

  private static func add<Value: BitwiseCopyable>(_ value: Value, to bytes: inout [UInt8]) -> Bool {
    withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    return true
  }

  /// Rounded to the nearest, ties to even, as every library makes BF16.
  private static func upperHalf(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }
}
