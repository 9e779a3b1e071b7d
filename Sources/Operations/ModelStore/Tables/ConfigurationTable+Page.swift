/// The reference page of what configurations of models say and what becomes of it.
package enum ConfigurationPages {
  /// `docs/operating/config-pbtxt.md`.
  package static var triton: String {
    page(
      """
      # `config.pbtxt`, field by field

      Generated from the table in `Sources/Operations/ModelStore/Triton`; do not edit.

      Apus reads a Triton model repository as it lies: `NAME/config.pbtxt` beside numbered version
      directories. The names are those of Triton's public `ModelConfig`; the same table reads the JSON
      form that a load request may carry. A name that is not known is an error.

      **obeyed**: it does what it says there. **warns**: it only concerns speed; the model loads
      without it and says so in the log, in `apus inspect --explain` and in the repository's index.
      **stops**: it would change answers, order or limits and is not done here, so the model does not
      load. A value that is its type's default (empty, 0, false) says nothing.

      What is not written is completed from the model itself, and no `config.pbtxt` is needed at all.

      """, TritonTable.table)
  }

  /// `docs/operating/model-yaml.md`.
  package static var own: String {
    page(
      """
      # `model.yaml` and `model-settings.json`

      Generated from the tables in `Sources/Operations/ModelStore`; do not edit.

      Only what a model does not say itself needs to be written down. `model.yaml` lies in the model's
      directory, alone or beside a `config.pbtxt` or a `model-settings.json`, and is then laid over it,
      key by key. `config.pbtxt` beside `model-settings.json` is an error. A key that is not known is
      an error that names the nearest known one. Times carry a unit: `us`, `ms`, `s`, `m`, `h`.

      """, OwnTable.table)
        + """

        # `model-settings.json`

        MLServer's file; **obeyed**, **warns** and **stops** mean what they mean for `config.pbtxt`.

        """ + body(MLServerTable.table)
  }

  private static func page(_ head: String, _ table: ConfigurationTable) -> String {
    head + body(table)
  }

  private static func body(_ table: ConfigurationTable) -> String {
    var page = ""
    for group in table.groups where !group.fields.isEmpty {
      let hasNumbers = group.fields.contains { $0.number > 0 }
      page += "\n## \(group.name)\n\n"
      page +=
        hasNumbers
        ? "| field | number | takes | | |\n|---|--:|---|---|---|\n"
        : "| key | takes | | |\n|---|---|---|---|\n"
      for field in group.fields { page += line(field, hasNumbers) }
    }
    return page
  }

  private static func line(_ field: ConfigurationField, _ hasNumber: Bool) -> String {
    let (fate, why) =
      switch field.fate {
      case .honoured(let how): ("obeyed", how)
      case .warns(let why): ("warns", why)
      case .stops(let why): ("stops", why)
      }
    var kind = if case .group(let name) = field.kind { name } else { field.expectation }
    switch field.arity {
    case .single: break
    case .repeated: kind += ", any number of times"
    case .keyed: kind += ", under names"
    }
    let number = hasNumber ? " \(field.number) |" : ""
    return "| `\(field.name)` |\(number) \(kind) | \(fate) | \(why) |\n"
  }
}
