@testable import Trees

/// A fixture: a model, rows, and what the model's library answers.
struct LibraryAnswers {
  let name: String
  let model: TabularModel
  private(set) var rows: [[Double]] = []
  private(set) var margins: [[Double]] = []
  private(set) var predictions: [[Double]] = []
  private(set) var leaves: [[Double]] = []
  private(set) var contributions: [[Double]] = []

  /// - Parameter file: the name of the model; answers lie in a file of the same name.
  init(_ file: String) throws {
    name = String(file.prefix { $0 != "." })
    model = try TabularModel.read(FileBytes.fixtures + "/" + file)
    try read(FileBytes.fixtures + "/\(name).answers")
  }

  /// Further answers of a model.
  init(_ file: String, of model: TabularModel) throws {
    name = file
    self.model = model
    try read(FileBytes.fixtures + "/" + file)
  }

  private mutating func read(_ path: String) throws {
    let text = String(decoding: try FileBytes.read(path), as: UTF8.self)
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      let values = words.dropFirst().map { Double($0) ?? .nan }
      switch words[0] {
      case "x": rows.append(values)
      case "margin": margins.append(values)
      case "prediction": predictions.append(values)
      case "leaf": leaves.append(values)
      default: contributions.append(values)
      }
    }
  }
}
