import Yams

/// Reads YAML into a tree that knows its lines; bounded in what aliases may make of a small file.
enum YAMLText {
  /// The document as a group; an empty one for an empty file.
  static func parse(_ text: String) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    let start = ConfigurationTree.Place(line: 1, column: 1)
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw problem(error)
    } catch {
      throw .init(place: start, reason: "not YAML: \(error)")
    }
    guard let root else { return ConfigurationTree(.group([]), at: start) }
    if case .scalar(let scalar) = root, scalar.string.isEmpty {
      return ConfigurationTree(.group([]), at: start)
    }
    var left = nodeCountMax
    let tree = try tree(root, depth: 1, left: &left)
    guard case .group = tree.content else {
      throw .init(place: tree.place, reason: "expected lines of the form key: value")
    }
    return tree
  }

  /// Values of a file, counting an alias as all that it stands for.
  private static let nodeCountMax = 200_000

  private static func tree(
    _ node: Node, depth: Int, left: inout Int
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    let place = place(node.mark)
    guard depth <= ConfigurationTree.depthMax else {
      throw .init(
        place: place, reason: "groups are nested deeper than \(ConfigurationTree.depthMax)")
    }
    left -= 1
    guard left >= 0 else {
      throw .init(place: place, reason: "there are more than \(nodeCountMax) values")
    }
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      return ConfigurationTree(isPlain ? .word(scalar.string) : .text(scalar.string), at: place)
    case .sequence(let sequence):
      var elements: [ConfigurationTree] = []
      for element in sequence { elements.append(try tree(element, depth: depth + 1, left: &left)) }
      return ConfigurationTree(.list(elements), at: place)
    case .mapping(let mapping):
      var entries: [ConfigurationTree.Entry] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw .init(
            place: Self.place(key.mark), reason: "expected a name before the colon")
        }
        entries.append(
          .init(
            key: name.string, place: Self.place(key.mark),
            value: try tree(value, depth: depth + 1, left: &left)))
      }
      return ConfigurationTree(.group(entries), at: place)
    case .alias:
      throw .init(place: place, reason: "the alias stands for nothing")
    }
  }

  private static func place(_ mark: Mark?) -> ConfigurationTree.Place {
    ConfigurationTree.Place(line: mark?.line ?? 1, column: mark?.column ?? 1)
  }

  private static func problem(_ error: YamlError) -> ConfigurationTree.Problem {
    switch error {
    case .scanner(_, let reason, let mark, _), .parser(_, let reason, let mark, _),
      .composer(_, let reason, let mark, _):
      .init(place: place(mark), reason: "not YAML: \(reason)")
    case .reader(let reason, _, _, _): .init(place: place(nil), reason: "not YAML: \(reason)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      .init(
        place: place(context.mark),
        reason: "given twice: \(duplicates.sorted().joined(separator: ", "))")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      .init(place: place(nil), reason: "not YAML: \(error)")
    }
  }
}
