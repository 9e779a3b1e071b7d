import Jobs

/// A table that says which class each photo shows: `file,label`, with or without a line of titles.
struct PhotoLabels {
  private let path: String
  private var labels: [String: String] = [:]

  init(_ path: String) throws(SampleProblem) {
    self.path = path
    let bytes = try SampleFiles.bytes(of: path)
    do throws(RowProblem) {
      guard let text = String(validating: bytes, as: UTF8.self) else { throw .notText }
      let table = try RowTable(csv: text)
      guard table.columnCount == 2 else {
        throw .wrongColumnCount(expected: 2, names: ["file", "label"], got: table.columnCount)
      }
      // Names and labels that are words look like titles.
      if let titles = table.titles, titles[0].contains(".") { labels[titles[0]] = titles[1] }
      for row in 0..<table.rowCount {
        labels[table.cell(row: row, column: 0)] = table.cell(row: row, column: 1)
      }
    } catch {
      throw SampleProblem("\(path): expected two columns, file and label: \(error)")
    }
  }

  /// By its path behind the folder that was named, or by its name alone.
  func label(of photo: String) throws(SampleProblem) -> String {
    let name = photo.split(separator: "/").last.map(String.init) ?? photo
    guard let label = labels[photo] ?? labels[name] else {
      throw SampleProblem("\(path) has no label for \(photo)")
    }
    return label
  }
}
