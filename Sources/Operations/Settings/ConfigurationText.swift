import Yams

/// One `key: value` of a configuration file.
package struct ConfigurationEntry: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case text(String)
    case list([String])
  }

  package let key: String
  package let value: Value
  /// Counted from 1.
  package let line: Int
}

/// Reads `apus.yaml` and `model.yaml`: YAML whose top is a mapping of names to scalars, or to lists
/// of scalars. Nothing deeper is allowed, so aliases cannot make a small file a large one.
package enum ConfigurationText {
  /// What is wrong with the text, and in which line.
  package struct Problem: Error, Sendable, Equatable {
    package let line: Int
    package let reason: String
  }

  /// The entries in the file's order; none for an empty file.
  package static func parse(_ text: String) throws(Problem) -> [ConfigurationEntry] {
    guard let root = try compose(text) else { return [] }
    if case .scalar(let scalar) = root, scalar.string.isEmpty { return [] }
    guard case .mapping(let mapping) = root else {
      throw problem(root, "expected lines of the form key: value")
    }
    var entries: [ConfigurationEntry] = []
    for (key, value) in mapping {
      guard case .scalar(let name) = key else {
        throw problem(key, "expected a name before the colon")
      }
      entries.append(
        ConfigurationEntry(
          key: name.string, value: try self.value(value, of: name.string),
          line: key.mark?.line ?? 1))
    }
    return entries
  }

  private static func compose(_ text: String) throws(Problem) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw problem(error)
    } catch {
      throw Problem(line: 1, reason: "not YAML: \(error)")
    }
  }

  private static func value(
    _ node: Node, of key: String
  ) throws(Problem) -> ConfigurationEntry.Value {
    switch node {
    case .scalar(let scalar): return .text(scalar.string)
    case .sequence(let sequence):
      var texts: [String] = []
      for element in sequence {
        guard case .scalar(let scalar) = element else {
          throw problem(element, "expected a plain value in the list of \(key)")
        }
        texts.append(scalar.string)
      }
      return .list(texts)
    case .mapping, .alias:
      throw problem(node, "expected a value or a list for \(key), not a group of keys")
    }
  }

  private static func problem(_ node: Node, _ reason: String) -> Problem {
    Problem(line: node.mark?.line ?? 1, reason: reason)
  }

  private static func problem(_ error: YamlError) -> Problem {
    switch error {
    case .scanner(_, let reason, let mark, _), .parser(_, let reason, let mark, _),
      .composer(_, let reason, let mark, _):
      Problem(line: mark.line, reason: "not YAML: \(reason)")
    case .reader(let reason, _, _, _): Problem(line: 1, reason: "not YAML: \(reason)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      Problem(
        line: context.mark.line,
        reason: "given twice: \(duplicates.sorted().joined(separator: ", "))")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      Problem(line: 1, reason: "not YAML: \(error)")
    }
  }
}
