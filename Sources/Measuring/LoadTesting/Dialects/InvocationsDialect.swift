package import Inference
import Jobs
import WireFormats

/// MLflow's scoring server and SageMaker's containers: `/invocations`, `/models/NAME/invoke`.
package struct InvocationsDialect: ServerDialect {
  package let address: HTTPAddress
  private let encoding: BodyEncoding?

  package init(address: HTTPAddress, encoding: BodyEncoding?) {
    self.address = address
    self.encoding = encoding
  }

  package var name: String { "MLflow or SageMaker" + (encoding.map { ", \($0.rawValue)" } ?? "") }
  package var signature: ModelSignature? { nil }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .file(let path): return try PostedBodies.file(path)
    case .document(let bytes, let name): return ServerBodies.plain(bytes, name: name)
    case .rows(let table): return rows(table)
    case .arrays(let arrays):
      if encoding == .inputs { return JSONBodies.body(("inputs", JSONBodies.inputs(arrays))) }
      guard encoding == nil || encoding == .instances else {
        throw SampleProblem("--encoding \(encoding?.rawValue ?? ""): arrays have no columns")
      }
      return JSONBodies.body(("instances", JSONBodies.instances(arrays)))
    case .tensors:
      throw SampleProblem(
        "\(address.path) does not say what the model takes; name rows, arrays or photos with --data"
      )
    }
  }

  private func rows(_ table: RowTable) -> ServerTarget.Body {
    switch encoding ?? (table.titles == nil ? .instances : .dataframeSplit) {
    case .csv:
      return ServerTarget.Body(bytes: CSVText.bytes(of: table), headers: ["Content-Type: text/csv"])
    case .dataframeSplit:
      return JSONBodies.body(
        (
          "dataframe_split",
          .object([
            .init("columns", .array(table.columnNames.map { .string($0) })),
            .init("data", table.nestedRows),
          ])
        ))
    case .dataframeRecords:
      let names = table.columnNames
      let records = (0..<table.rowCount).map { row in
        JSONValue.object(zip(names, table.values(row: row)).map { .init($0, $1) })
      }
      return JSONBodies.body(("dataframe_records", .array(records)))
    case .inputs: return JSONBodies.body(("inputs", table.nestedRows))
    case .instances, .binary, .json: return JSONBodies.body(("instances", table.nestedRows))
    }
  }

  /// JSON, or the lines that SageMaker's containers answer to lines.
  package func content(of answer: [UInt8]) -> AnswerContent? {
    if let content = PredictAnswers.content(of: answer) { return content }
    if let tensors = answer.withUnsafeBytes({ OpenInferenceAnswers.tensors(in: $0) }) {
      return .tensors(tensors)
    }
    return CSVText.content(of: answer)
  }
}

/// Rows as lines of text.
enum CSVText {
  static func bytes(of table: RowTable) -> [UInt8] {
    var lines: [[String]] = []
    if let titles = table.titles { lines.append(titles) }
    for row in 0..<table.rowCount {
      lines.append((0..<table.columnCount).map { table.cell(row: row, column: $0) })
    }
    return Array(lines.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined().utf8)
  }

  private static func quoted(_ cell: String) -> String {
    guard cell.utf8.contains(where: { [34, 44, 10, 13, 59, 9].contains($0) }) else { return cell }
    return "\""
      + cell.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  /// `nil` where the bytes are no lines of numbers.
  static func content(of answer: [UInt8]) -> AnswerContent? {
    guard let text = String(validating: answer, as: UTF8.self) else { return nil }
    let rows = text.split(whereSeparator: \.isNewline).map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map { value(of: $0) }
    }
    guard !rows.isEmpty, !rows.joined().contains(nil) else { return nil }
    let nested = JSONValue.array(rows.map { .array($0.compactMap { $0 }) })
    return NestedNumbers(nested).tensor("").map { .tensors([$0]) }
  }

  private static func value(of cell: Substring) -> JSONValue? {
    let digits = cell.filter { $0 != " " }
    return Int64(digits).map { .integer($0) } ?? Double(digits).map { .number($0) }
  }
}
