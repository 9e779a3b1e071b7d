package import Settings
import WireFormats

/// Names of versions that requests gave or took away, over those of the models' own configurations.
package struct KeptAliases: Sendable, Equatable {
  /// By model and alias; `nil` for a name that was taken away.
  package private(set) var changes: [String: [String: Int64?]] = [:]

  package init() {}

  /// A request changed them.
  package mutating func note(_ aliases: [String: Int64?], of name: String) {
    for (alias, version) in aliases { changes[name, default: [:]][alias] = .some(version) }
  }

  /// The names of one version, given those of its configuration.
  package func aliases(_ configured: [String], of name: String, version: Int64) -> [String] {
    guard let changes = changes[name] else { return configured }
    let others = configured.filter { changes[$0] == nil }
    return (others + changes.filter { $0.value == version }.keys).sorted()
  }

  // MARK: As text

  package init(text: String) throws(TextFile.Problem) {
    var bytes = Array(text.utf8)
    let value: JSONValue
    do {
      value = try bytes.withUnsafeMutableBytes {
        try JSONValue(parsing: UnsafeRawBufferPointer($0))
      }
    } catch {
      throw TextFile.Problem(reason: "it is not JSON")
    }
    guard case .object(let members) = value, members.count == 1, members[0].key == "aliases",
      case .object(let models) = members[0].value
    else { throw TextFile.Problem(reason: "expected {\"aliases\": {...}}") }
    for model in models {
      guard case .object(let aliases) = model.value else {
        throw TextFile.Problem(reason: "\(model.key): expected an object of aliases")
      }
      for alias in aliases {
        switch alias.value {
        case .null: note([alias.key: Int64?.none], of: model.key)
        case .integer(let version) where version > 0:
          note([alias.key: .some(version)], of: model.key)
        default: throw TextFile.Problem(reason: "\(model.key).\(alias.key): expected a version")
        }
      }
    }
  }

  package var text: String {
    let models = changes.sorted { $0.key < $1.key }.map { name, aliases in
      JSONValue.Member(
        name,
        .object(
          aliases.sorted { $0.key < $1.key }.map { alias, version in
            JSONValue.Member(alias, version.map { .integer($0) } ?? .null)
          }))
    }
    let document = JSONValue.object([.init("aliases", .object(models))])
    return String(decoding: document.bytes, as: UTF8.self) + "\n"
  }
}
