import Inference

/// What rows or columns of a document became.
enum RowValues {
  /// In the signature's order, and how many rows there are where that is known.
  case tensors([Tensor?], rowCount: Int?)
  case photos([PhotoRequest.Photo])
}

/// Reads inputs given as rows (`[[1, 2], ...]`, `[{"a": 1, "b": 2}, ...]`) or as columns
/// (`{"a": [1, ...], "b": [2, ...]}`).
struct RowReader {
  private let facts: BodyFacts
  private var signature: ModelSignature { facts.signature }
  /// Photos of one body.
  static let photoCountMax = 64

  init(_ facts: BodyFacts) { self.facts = facts }

  // MARK: Rows

  func readRows(
    _ scanner: inout JSONScanner, field: String
  ) throws(InputProblem) -> RowValues {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array with an element for each row")
    }
    let count = NestedShape.elementCount(scanner)
    guard count > 0 else {
      throw .fieldOfWrongKind(field, expected: "an array of one row at least")
    }
    if facts.takesPhotos, PhotoValue.isNext(inArrayAt: scanner) {
      return .photos(try readPhotos(&scanner, field))
    }
    let content = PlainContent(signature)
    if content.takesDocuments {
      let documents = try content.readRows(&scanner, count: count)
      return .tensors(signature.alone(documents), rowCount: count)
    }
    if isObjectNext(inArrayAt: scanner) {
      return isRecordNext(inArrayAt: scanner)
        ? .tensors(
          try TableReader.records(&scanner, signature, field: field).tensors, rowCount: count)
        : try readNamedRows(&scanner, field, count)
    }
    let place = try onlyInput(field)
    var tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
    tensors[place] = try NestedInput.read(&scanner, signature.inputs[place])
    return .tensors(tensors, rowCount: count)
  }

  private func isObjectNext(inArrayAt scanner: JSONScanner) -> Bool {
    var scanner = scanner
    guard scanner.take("["), scanner.peek() == UInt8(ascii: "{") else { return false }
    return !Base64Object.isNext(scanner) || signature.inputIndex(named: "b64") != nil
  }

  /// Whether the object is a row of a tabular model: its first name is not that of an input whose
  /// value is a row of its own.
  private func isRecordNext(inArrayAt scanner: JSONScanner) -> Bool {
    guard signature.table != nil else { return false }
    var scanner = scanner
    guard scanner.take("["), scanner.take("{"), scanner.peek() == UInt8(ascii: "\""),
      (try? scanner.skipString()) != nil,  // What is no string is refused by whoever reads it.
      scanner.take(":")
    else { return false }
    return scanner.peek() != UInt8(ascii: "[")
  }

  /// The one input that a row without names is for.
  private func onlyInput(_ field: String) throws(InputProblem) -> Int {
    let required = signature.inputs.indices.filter { !signature.inputs[$0].isOptional }
    if required.count == 1 { return required[0] }
    if signature.inputs.count == 1 { return 0 }
    let names = signature.inputs.prefix(10).map { "`\($0.name)`" }.joined(separator: ", ")
    throw .fieldOfWrongKind(
      field, expected: "given by the names of the model's inputs, which are " + names)
  }

  private func readNamedRows(
    _ scanner: inout JSONScanner, _ field: String, _ count: Int
  ) throws(InputProblem) -> RowValues {
    var rows = NamedRows(signature: signature, rowCount: count, field: field)
    try scanner.readArray { (scanner) throws(InputProblem) in try rows.readRow(&scanner) }
    return .tensors(try rows.tensors(), rowCount: count)
  }

  // MARK: Columns

  func readColumns(
    _ scanner: inout JSONScanner, field: String
  ) throws(InputProblem) -> RowValues {
    if facts.takesPhotos, PhotoValue.isNext(scanner) {
      return .photos([try PhotoValue.read(&scanner, field)])
    }
    if facts.takesPhotos, PhotoValue.isNext(inArrayAt: scanner) {
      return .photos(try readPhotos(&scanner, field))
    }
    let isNamed =
      scanner.peek() == UInt8(ascii: "{")
      && (!Base64Object.isNext(scanner) || signature.inputIndex(named: "b64") != nil)
    var tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
    guard isNamed else {
      let place = try onlyInput(field)
      tensors[place] = try NestedInput.read(&scanner, signature.inputs[place])
      return .tensors(tensors, rowCount: nil)
    }
    if signature.table != nil, let table = try readTableColumns(&scanner) {
      return .tensors(table.tensors, rowCount: nil)
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard let place = signature.inputIndex(meantBy: key) else {
        throw .unknownInput(key, known: signature.inputs.map(\.name))
      }
      guard tensors[place] == nil else { throw .inputGivenTwice(key) }
      if signature.inputs[place].isOptional, scanner.takeWord("null") { return }
      tensors[place] = try NestedInput.read(&scanner, signature.inputs[place])
    }
    for (place, input) in signature.inputs.enumerated()
    where tensors[place] == nil && !input.isOptional {
      throw .missingInput(input.name)
    }
    return .tensors(tensors, rowCount: nil)
  }

  /// Columns by the names of a tabular model's; `nil` where the one member is the whole table.
  private func readTableColumns(
    _ scanner: inout JSONScanner
  ) throws(InputProblem) -> TableReader.Table? {
    let start = scanner
    var names: [String] = []
    var values: [JSONScanner] = []
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      names.append(key)
      scanner.skipSpace()
      values.append(scanner)
      try scanner.skipValue()
    }
    let isWhole = names.count == 1 && signature.inputIndex(meantBy: names[0]) != nil
    guard !isWhole, !names.isEmpty else {
      scanner = start
      return nil
    }
    return try TableReader.columns(names, values, signature)
  }

  // MARK: Photos

  private func readPhotos(
    _ scanner: inout JSONScanner, _ field: String
  ) throws(InputProblem) -> [PhotoRequest.Photo] {
    var photos: [PhotoRequest.Photo] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      guard photos.count < Self.photoCountMax else {
        throw .fieldOfWrongKind(field, expected: "at most \(Self.photoCountMax) photos")
      }
      photos.append(try PhotoValue.read(&scanner, field))
    }
    return photos
  }
}

/// Rows that name their inputs, while they are read.
struct NamedRows {
  private let signature: ModelSignature
  private let field: String
  private let rowCount: Int
  private var inputs: [InputRows?]
  private var rowsRead = 0

  init(signature: ModelSignature, rowCount: Int, field: String) {
    self.signature = signature
    self.field = field
    self.rowCount = rowCount
    inputs = [InputRows?](repeating: nil, count: signature.inputs.count)
  }

  mutating func readRow(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("\(field)[\(rowsRead)]", expected: "an object, as the first row is")
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard let place = signature.inputIndex(meantBy: key) else {
        throw .unknownInput(key, known: signature.inputs.map(\.name))
      }
      if inputs[place] == nil {
        inputs[place] = InputRows(signature.inputs[place], rowCount: rowCount)
      }
      guard inputs[place]?.filledCount ?? 0 <= rowsRead else { throw .inputGivenTwice(key) }
      try inputs[place]?.append(&scanner)
    }
    rowsRead += 1
    for (place, rows) in inputs.enumerated() {
      if let rows {
        guard rows.filledCount == rowsRead else { throw missing(place) }
      } else if !signature.inputs[place].isOptional {
        throw missing(place)
      }
    }
  }

  private func missing(_ place: Int) -> InputProblem {
    .missingField("\(field)[\(rowsRead - 1)].\(signature.inputs[place].name)")
  }

  func tensors() throws(InputProblem) -> [Tensor?] {
    var tensors: [Tensor?] = []
    for rows in inputs { tensors.append(try rows?.tensor()) }
    return tensors
  }
}

/// A photo in JSON: `{"b64": "..."}`, or that under any one name, `{"image_bytes": {"b64": "..."}}`.
enum PhotoValue {
  static func isNext(_ scanner: JSONScanner) -> Bool {
    if Base64Object.isNext(scanner) { return true }
    var scanner = scanner
    guard scanner.take("{"), scanner.peek() == UInt8(ascii: "\""),
      (try? scanner.skipString()) != nil,  // What is no string is no photo, and is refused as such.
      scanner.take(":")
    else { return false }
    return Base64Object.isNext(scanner)
  }

  static func isNext(inArrayAt scanner: JSONScanner) -> Bool {
    var scanner = scanner
    return scanner.take("[") && isNext(scanner)
  }

  static func read(
    _ scanner: inout JSONScanner, _ field: String
  ) throws(InputProblem) -> PhotoRequest.Photo {
    if Base64Object.isNext(scanner) { return .decoded(try Base64Object.read(&scanner)) }
    var photo: [UInt8]?
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(field, expected: #"photos as {"b64": "..."}"#)
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard photo == nil, Base64Object.isNext(scanner) else {
        throw .fieldOfWrongKind(key, expected: #"the only photo of its row, as {"b64": "..."}"#)
      }
      photo = try Base64Object.read(&scanner)
    }
    guard let photo else { throw .noImage(fields: ["b64"]) }
    return .decoded(photo)
  }
}
