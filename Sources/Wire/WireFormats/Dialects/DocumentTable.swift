import Inference

/// A table of columns and rows, as pandas writes it with `orient="split"`, for a model whose one input is a
/// document for each row.
enum DocumentTable {
  /// Each row as an object of its cells by the names of the columns; and how many there are.
  static func split(
    _ scanner: inout JSONScanner, _ signature: ModelSignature, field: String
  ) throws(InputProblem) -> RowValues {
    var names: [[UInt8]] = []
    var data: JSONScanner?
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(field, expected: "an object with `columns` and `data`")
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "columns": names = try values(&scanner, field + ".columns")
      case "data":
        scanner.skipSpace()
        data = scanner
        try scanner.skipValue()
      default: try scanner.skipValue()
      }
    }
    guard var data else { throw .missingField(field + ".data") }
    guard !names.isEmpty, names.allSatisfy({ $0.first == UInt8(ascii: "\"") }) else {
      throw .fieldOfWrongKind(field + ".columns", expected: "the columns' names")
    }
    return try rows(&data, names, signature, field + ".data")
  }

  private static func rows(
    _ scanner: inout JSONScanner, _ names: [[UInt8]], _ signature: ModelSignature, _ field: String
  ) throws(InputProblem) -> RowValues {
    var documents: [UInt8] = []
    var count = 0
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array with an element for each row")
    }
    try scanner.readArray { (scanner) throws(InputProblem) in
      let cells = try values(&scanner, "\(field)[\(count)]")
      guard cells.count == names.count else {
        throw .fieldOfWrongKind("\(field)[\(count)]", expected: "an array of \(names.count) cells")
      }
      PlainContent.append(object(names, cells), to: &documents)
      count += 1
    }
    guard count > 0 else {
      throw .fieldOfWrongKind(field, expected: "an array of one row at least")
    }
    let tensor = try NestedInput.fitted(
      Tensor(documents, datatype: .bytes, shape: [count]), to: signature.inputs[0])
    return .tensors(signature.alone(tensor), rowCount: count)
  }

  private static func object(_ names: [[UInt8]], _ cells: [[UInt8]]) -> [UInt8] {
    var bytes = [UInt8(ascii: "{")]
    for (place, cell) in cells.enumerated() {
      if place > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += names[place]
      bytes.append(UInt8(ascii: ":"))
      bytes += cell
    }
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }

  /// The elements of an array as they are written; what JSON has no word for is `null`.
  private static func values(
    _ scanner: inout JSONScanner, _ field: String
  ) throws(InputProblem) -> [[UInt8]] {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array")
    }
    var found: [[UInt8]] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      scanner.skipSpace()
      let start = scanner.cursor
      try scanner.skipValue()
      let text = UnsafeBufferPointer(start: start, count: scanner.cursor - start)
      found.append(text.elementsEqual("NaN".utf8) ? Array("null".utf8) : Array(text))
    }
    return found
  }
}
