/// Keys and values of a configuration after the check against its table: known names, right kinds,
/// each single key once.
struct ConfigurationGroup: Sendable {
  indirect enum Value: Sendable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case boolean(Bool)
    case nanoseconds(UInt64)
    case group(ConfigurationGroup)
    case tree(ConfigurationTree)
  }

  struct Element: Sendable {
    /// Of a keyed value.
    let key: String
    let value: Value
    let place: ConfigurationTree.Place
  }

  struct Field: Sendable {
    let name: String
    let place: ConfigurationTree.Place
    var elements: [Element]
  }

  let path: String
  let place: ConfigurationTree.Place
  var fields: [Field] = []

  func has(_ name: String) -> Bool { self[name] != nil }

  subscript(name: String) -> Field? { fields.first { $0.name == name } }

  func place(of name: String) -> ConfigurationTree.Place { self[name]?.place ?? place }

  /// The whole path of a key, for sentences.
  func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

  private func first(_ name: String) -> Value? { self[name]?.elements.first?.value }

  func text(_ name: String) -> String? {
    guard case .text(let text)? = first(name) else { return nil }
    return text
  }

  /// As `text`, `nil` for an empty one.
  func word(_ name: String) -> String? { text(name).flatMap { $0.isEmpty ? nil : $0 } }

  func integer(_ name: String) -> Int? {
    guard case .integer(let number)? = first(name) else { return nil }
    return Int(number)
  }

  func number(_ name: String) -> Double? {
    guard case .number(let number)? = first(name) else { return nil }
    return number
  }

  func isTrue(_ name: String) -> Bool? {
    guard case .boolean(let value)? = first(name) else { return nil }
    return value
  }

  func nanoseconds(_ name: String) -> UInt64? {
    guard case .nanoseconds(let value)? = first(name) else { return nil }
    return value
  }

  func tree(_ name: String) -> ConfigurationTree? {
    guard case .tree(let tree)? = first(name) else { return nil }
    return tree
  }

  func group(_ name: String) -> ConfigurationGroup? { groups(name).first }

  func groups(_ name: String) -> [ConfigurationGroup] {
    (self[name]?.elements ?? []).compactMap {
      guard case .group(let group) = $0.value else { return nil }
      return group
    }
  }

  func keyedGroups(_ name: String) -> [(key: String, group: ConfigurationGroup)] {
    (self[name]?.elements ?? []).compactMap {
      guard case .group(let group) = $0.value else { return nil }
      return ($0.key, group)
    }
  }

  func texts(_ name: String) -> [String] {
    (self[name]?.elements ?? []).compactMap {
      guard case .text(let text) = $0.value else { return nil }
      return text
    }
  }

  func keyedTexts(_ name: String) -> [(key: String, text: String)] {
    (self[name]?.elements ?? []).compactMap {
      guard case .text(let text) = $0.value else { return nil }
      return ($0.key, text)
    }
  }

  func integers(_ name: String) -> [Int] {
    (self[name]?.elements ?? []).compactMap {
      guard case .integer(let number) = $0.value else { return nil }
      return Int(number)
    }
  }

  func numbers(_ name: String) -> [Double] {
    (self[name]?.elements ?? []).compactMap {
      switch $0.value {
      case .number(let number): number
      case .integer(let number): Double(number)
      case .boolean(let value): value ? 1 : 0
      case .text, .nanoseconds, .group, .tree: nil
      }
    }
  }
}
