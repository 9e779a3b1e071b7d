import Settings

/// A file's tree on its way through its table: what is right becomes a `ConfigurationGroup`, and
/// everything else a note.
struct ConfigurationReading {
  /// How the languages differ in what a value may look like.
  enum Language { case protobufText, json, yaml }

  let file: String
  let language: Language
  let table: ConfigurationTable
  var notes: ConfigurationNotes

  init(
    file: String, language: Language, table: ConfigurationTable, notes: ConfigurationNotes
  ) {
    self.file = file
    self.language = language
    self.table = table
    self.notes = notes
  }

  /// The whole file.
  mutating func read(_ tree: ConfigurationTree) -> ConfigurationGroup {
    guard case .group(let entries) = tree.content else {
      notes.stop("expected a group of keys", in: file, at: tree.place)
      return ConfigurationGroup(path: "", place: tree.place)
    }
    return group(entries, of: table.root, path: "", at: tree.place, isNoted: true)
  }

  private mutating func stop(_ text: String, at place: ConfigurationTree.Place) {
    notes.stop(text, in: file, at: place)
  }

  /// - Parameter isNoted: whether fates inside are to be noted; not inside of what is left out
  ///   as a whole.
  private mutating func group(
    _ entries: [ConfigurationTree.Entry], of name: String, path: String,
    at place: ConfigurationTree.Place, isNoted: Bool
  ) -> ConfigurationGroup {
    let fields = table.fields(of: name)
    var group = ConfigurationGroup(path: path, place: place)
    var chosen: [String: String] = [:]
    for entry in entries {
      if notes.isFull { break }
      if case .word("null") = entry.value.content, language != .protobufText { continue }
      guard let field = field(entry.key, in: fields) else {
        let nearest = NearestName.of(entry.key, in: fields.map(\.name))
        let parent = path.isEmpty ? "" : " in \(path)"
        stop(
          "unknown key \(entry.key)\(parent)" + (nearest.map { "; did you mean \($0)?" } ?? ""),
          at: entry.place)
        continue
      }
      if let alternative = field.alternative {
        if let other = chosen[alternative], other != field.name {
          stop("\(field.name) and \(other) exclude each other", at: entry.place)
        }
        chosen[alternative] = field.name
      }
      add(entry, field, to: &group, isNoted: isNoted)
    }
    return group
  }

  /// JSON may write `maxBatchSize` for `max_batch_size`, as protobuf's JSON form does.
  private func field(
    _ key: String, in fields: [ConfigurationField]
  ) -> ConfigurationField? {
    if let field = fields.first(where: { $0.name == key }) { return field }
    guard language == .json else { return nil }
    let snake = key.reduce(into: "") { text, letter in
      text += letter.isUppercase ? "_\(letter.lowercased())" : String(letter)
    }
    return fields.first { $0.name == snake }
  }

  private mutating func add(
    _ entry: ConfigurationTree.Entry, _ field: ConfigurationField,
    to group: inout ConfigurationGroup, isNoted: Bool
  ) {
    let path = group.path(of: field.name)
    let existing = group.fields.firstIndex { $0.name == field.name }
    if existing != nil, field.arity == .single {
      return stop("\(path) is given twice", at: entry.place)
    }
    let isObeyed = if case .honoured = field.fate { true } else { false }
    let first = existing.map { group.fields[$0].elements.count } ?? 0
    let elements = elements(
      entry, field, path: path, first: first, isNoted: isNoted && isObeyed)
    if isNoted { note(elements, of: field, path: path, at: entry) }
    if let existing {
      group.fields[existing].elements += elements
    } else {
      group.fields.append(.init(name: field.name, place: entry.place, elements: elements))
    }
  }

  private mutating func elements(
    _ entry: ConfigurationTree.Entry, _ field: ConfigurationField, path: String, first: Int,
    isNoted: Bool
  ) -> [ConfigurationGroup.Element] {
    if case .tree = field.kind {
      return [.init(key: "", value: .tree(entry.value), place: entry.place)]
    }
    switch field.arity {
    case .single:
      return element("", entry.value, field, path: path, isNoted).map { [$0] } ?? []
    case .repeated:
      guard case .list(let trees) = entry.value.content else {
        return element("", entry.value, field, path: "\(path)[\(first)]", isNoted).map { [$0] }
          ?? []
      }
      var elements: [ConfigurationGroup.Element] = []
      for tree in trees {
        let place = first + elements.count
        if let next = element("", tree, field, path: "\(path)[\(place)]", isNoted) {
          elements.append(next)
        }
      }
      return elements
    case .keyed: return keyed(entry.value, field, path: path, isNoted)
    }
  }

  /// In protobuf text a map is a repeated group of `key` and `value`; elsewhere its keys are keys.
  private mutating func keyed(
    _ tree: ConfigurationTree, _ field: ConfigurationField, path: String, _ isNoted: Bool
  ) -> [ConfigurationGroup.Element] {
    if case .list(let trees) = tree.content, language == .protobufText {
      var elements: [ConfigurationGroup.Element] = []
      for tree in trees { elements += keyed(tree, field, path: path, isNoted) }
      return elements
    }
    guard case .group(let entries) = tree.content else {
      stop("\(path): expected a group of keys, got \(tree.summary)", at: tree.place)
      return []
    }
    guard language == .protobufText else {
      var elements: [ConfigurationGroup.Element] = []
      for entry in entries {
        if let next = element(entry.key, entry.value, field, path: "\(path).\(entry.key)", isNoted)
        {
          elements.append(next)
        }
      }
      return elements
    }
    return pair(entries, field, path: path, at: tree.place, isNoted)
  }

  private mutating func pair(
    _ entries: [ConfigurationTree.Entry], _ field: ConfigurationField, path: String,
    at place: ConfigurationTree.Place, _ isNoted: Bool
  ) -> [ConfigurationGroup.Element] {
    let keys = entries.filter { $0.key == "key" }
    let values = entries.filter { $0.key == "value" }
    guard keys.count == 1, values.count <= 1, keys.count + values.count == entries.count else {
      stop("\(path): expected one key and one value", at: place)
      return []
    }
    let key: String
    switch keys[0].value.content {
    case .text(let text), .word(let text): key = text
    case .list, .group:
      stop("\(path): expected a plain key, got \(keys[0].value.summary)", at: place)
      return []
    }
    let empty: ConfigurationTree.Content =
      if case .group = field.kind { .group([]) } else {
        .text("")
      }
    let value = values.first?.value ?? ConfigurationTree(empty, at: place)
    return element(key, value, field, path: "\(path).\(key)", isNoted).map { [$0] } ?? []
  }

  // MARK: Single values

  private mutating func element(
    _ key: String, _ tree: ConfigurationTree, _ field: ConfigurationField, path: String,
    _ isNoted: Bool
  ) -> ConfigurationGroup.Element? {
    if case .group(let name) = field.kind {
      guard case .group(let entries) = tree.content else {
        stop("\(path): expected a group of keys, got \(tree.summary)", at: tree.place)
        return nil
      }
      let inner = group(entries, of: name, path: path, at: tree.place, isNoted: isNoted)
      return .init(key: key, value: .group(inner), place: tree.place)
    }
    guard let value = ConfigurationScalar(language).value(of: tree, field.kind) else {
      stop("\(path): expected \(field.expectation), got \(tree.summary)", at: tree.place)
      return nil
    }
    return .init(key: key, value: value, place: tree.place)
  }

  // MARK: Notes

  private mutating func note(
    _ elements: [ConfigurationGroup.Element], of field: ConfigurationField, path: String,
    at entry: ConfigurationTree.Entry
  ) {
    for element in elements where field.arity == .keyed {
      understood("\(path).\(element.key)", element.value, at: element.place)
    }
    if field.arity != .keyed { understood(path, elements, at: entry) }
    guard elements.contains(where: { $0.value.says(as: field.kind) }) else { return }
    switch field.fate {
    case .honoured: break
    case .warns(let why): notes.warn("\(path) is not obeyed: \(why)", in: file, at: entry.place)
    case .stops(let why): notes.stop("\(path) is not done here: \(why)", in: file, at: entry.place)
    }
  }

  private mutating func understood(
    _ path: String, _ elements: [ConfigurationGroup.Element], at entry: ConfigurationTree.Entry
  ) {
    let texts = elements.compactMap(\.value.shown)
    guard !texts.isEmpty else { return }
    let value = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
    notes.understood(path, value, in: file, at: entry.place)
  }

  private mutating func understood(
    _ path: String, _ value: ConfigurationGroup.Value, at place: ConfigurationTree.Place
  ) {
    if let text = value.shown { notes.understood(path, text, in: file, at: place) }
  }
}
