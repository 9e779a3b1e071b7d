extension SettingsTable {
  /// The reference page `docs/operating/configuration.md`.
  package static func markdown() -> String {
    var page = """
      # Settings of `apus serve`

      Generated from the table in `Sources/Operations/Settings`; do not edit.

      Each setting is taken from the first of these that gives it: the flag, the variable, the key in
      `apus.yaml` (or the file of `--config`), the default. A name that is not known is an error.
      `apus serve --print-config` shows what is in force and where each value came from.

      Sizes are bytes, or carry a unit: `KiB`, `MiB`, `GiB` (1,024) or `kB`, `MB`, `GB` (1,000).
      Times carry a unit: `us`, `ms`, `s`, `m`, `h`. Lists are divided by commas; in `apus.yaml` they
      may be lists.

      """
    for topic in Setting.Topic.allCases {
      page += "\n## \(topic.rawValue)\n\n"
      page += "| flag | variable | key | default | takes | |\n|---|---|---|---|---|---|\n"
      for row in rows where row.topic == topic { page += line(row) }
    }
    return page
  }

  private static func line(_ row: Setting) -> String {
    let cells = [
      "`\(row.name.flag)`", row.reach == .flag ? "" : "`\(row.name.variable)`",
      row.reach == .everywhere ? "`\(row.name.rawValue)`" : "",
      row.fallback.isEmpty ? "" : "`\(row.fallback)`", row.kind.expectation, row.purpose,
    ]
    return "| \(cells.joined(separator: " | ")) |\n"
  }
}
