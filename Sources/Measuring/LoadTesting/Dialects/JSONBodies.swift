import Inference
import Jobs
import WireFormats

/// Bodies in JSON, as V1, TensorFlow Serving, TorchServe and MLflow take them.
enum JSONBodies {
  static func body(_ member: (key: String, value: JSONValue)) -> ServerTarget.Body {
    ServerTarget.Body(
      bytes: JSONValue.object([.init(member.key, member.value)]).bytes,
      headers: ["Content-Type: application/json"])
  }

  /// A tensor as nested arrays, from an axis on.
  static func nested(_ tensor: Tensor) -> JSONValue {
    nested(TensorElementValues.of(tensor)[...], tensor.shape.array[...])
  }

  private static func nested(
    _ elements: ArraySlice<JSONValue>, _ lengths: ArraySlice<Int>
  ) -> JSONValue {
    guard let length = lengths.first else { return elements.first ?? .null }
    let step = length == 0 ? 0 : elements.count / length
    return .array(
      (0..<length).map { place in
        let start = elements.startIndex + place * step
        return nested(elements[start..<start + step], lengths.dropFirst())
      })
  }

  /// An element for each row: the row itself, or an object of rows where there are several tensors.
  static func instances(_ tensors: [NamedTensor]) -> JSONValue {
    if tensors.count == 1 { return nested(tensors[0].tensor) }
    let columns = tensors.map { ($0.name, nested($0.tensor)) }
    let count = tensors.first.map { $0.tensor.shape.rank > 0 ? $0.tensor.shape[0] : 0 } ?? 0
    return .array(
      (0..<count).map { row in
        .object(
          columns.map { name, column in
            guard case .array(let rows) = column, rows.indices.contains(row) else {
              return .init(name, .null)
            }
            return .init(name, rows[row])
          })
      })
  }

  /// An array for each input.
  static func inputs(_ tensors: [NamedTensor]) -> JSONValue {
    if tensors.count == 1 { return nested(tensors[0].tensor) }
    return .object(tensors.map { .init($0.name, nested($0.tensor)) })
  }
}

extension RowTable {
  /// A cell as JSON: a number where it is one, else a string.
  func value(row: Int, column: Int) -> JSONValue {
    let text = cell(row: row, column: column)
    if let integer = Int64(text) { return .integer(integer) }
    if let number = Double(text), number.isFinite { return .number(number) }
    return .string(text)
  }

  func values(row: Int) -> [JSONValue] {
    (0..<columnCount).map { value(row: row, column: $0) }
  }

  /// An array of arrays.
  var nestedRows: JSONValue { .array((0..<rowCount).map { .array(values(row: $0)) }) }

  /// What the columns are called: their titles, or their numbers from 0.
  var columnNames: [String] { titles ?? (0..<columnCount).map(String.init) }
}
