import Batching
package import Inference
package import ModelStore
package import WireFormats

/// What `apus inspect --explain` says of a model's configuration: what was read where, what is
/// not obeyed, what forbids to load, and what the model itself completed.
package struct ConfigurationReport: Sendable {
  private let explanation: ModelExplanation
  private let completed: [(subject: String, value: String)]

  /// - Parameters:
  ///   - plan: what the configuration led to; `nil` where it led to nothing.
  ///   - signature: of the loaded model; `nil` where it was not loaded.
  package init(
    _ explanation: ModelExplanation, plan: ModelPlan? = nil, signature: ModelSignature? = nil
  ) {
    self.explanation = explanation
    completed = signature.map { Self.completions(plan, $0) } ?? []
  }

  /// Whether the model loads by this configuration.
  package var mayLoad: Bool { explanation.notes.stops.isEmpty }

  private static func completions(
    _ plan: ModelPlan?, _ signature: ModelSignature
  ) -> [(subject: String, value: String)] {
    func missing(
      _ tensors: [TensorDescription], _ known: [DeclaredTensor], _ kind: String
    ) -> [(subject: String, value: String)] {
      tensors.filter { tensor in !known.contains { $0.name == tensor.name } }.map { tensor in
        let shape = tensor.metadataShape.map(String.init).joined(separator: ",")
        return ("\(kind) \(tensor.name)", "\(tensor.datatype.name) [\(shape)]")
      }
    }
    let declared = plan?.declared
    var completed = missing(signature.inputs, declared?.inputs ?? [], "input")
    completed += missing(signature.outputs, declared?.outputs ?? [], "output")
    if declared?.rowsMax == nil {
      completed.append(("row axis", signature.hasRowAxis ? "axis 0" : "none"))
      if signature.hasRowAxis, let rowsMax = plan?.scheduling.batching.rowsMax, rowsMax > 0 {
        completed.append(("most rows of a run", String(rowsMax)))
      }
    }
    return completed
  }

  // MARK: Text

  package var lines: [String] {
    let notes = explanation.notes
    var lines = ["  configuration (\(explanation.path))"]
    lines += section(
      "understood", notes.facts.map { ($0.path, $0.value, place($0.file, $0.place)) })
    lines += section("completed from the model", completed.map { ($0.subject, $0.value, "") })
    lines += section("not obeyed", notes.warnings.map { ($0.text, "", place($0.file, $0.place)) })
    lines += section(
      "forbids to load", notes.stops.map { ($0.text, "", place($0.file, $0.place)) })
    return lines.count > 1 ? lines : []
  }

  private func section(_ title: String, _ rows: [(String, String, String)]) -> [String] {
    guard !rows.isEmpty else { return [] }
    var table = TextTable([.init(""), .init(""), .init("")])
    for row in rows { table.add([row.0, row.1, row.2]) }
    return ["    \(title)"] + table.lines.map { "      \($0)" }
  }

  /// The file without the model's directory, and the line.
  private func place(_ file: String, _ place: ConfigurationTree.Place?) -> String {
    let prefix = explanation.path + "/"
    let name = file.hasPrefix(prefix) ? String(file.dropFirst(prefix.count)) : file
    return place.map { "\(name):\($0.line)" } ?? name
  }

  // MARK: JSON

  /// The same for programs.
  package var json: JSONValue {
    let notes = explanation.notes
    return .object([
      .init("name", .string(explanation.name)), .init("directory", .string(explanation.path)),
      .init("loads", .bool(mayLoad)),
      .init(
        "understood",
        .array(
          notes.facts.map { fact in
            .object(
              [.init("key", .string(fact.path)), .init("value", .string(fact.value))]
                + place(fact.file, fact.place))
          })),
      .init(
        "completed",
        .array(
          completed.map {
            .object([.init("what", .string($0.subject)), .init("value", .string($0.value))])
          })),
      .init("warnings", .array(notes.warnings.map(json))),
      .init("stops", .array(notes.stops.map(json))),
    ])
  }

  private func json(_ note: ConfigurationNotes.Note) -> JSONValue {
    .object([.init("text", .string(note.text))] + place(note.file, note.place))
  }

  private func place(
    _ file: String, _ place: ConfigurationTree.Place?
  ) -> [JSONValue.Member] {
    var members = [JSONValue.Member("file", .string(file))]
    if let place {
      members.append(.init("line", .integer(Int64(place.line))))
      members.append(.init("column", .integer(Int64(place.column))))
    }
    return members
  }
}
