import Settings

/// Reads single values, each language in its own spelling.
struct ConfigurationScalar {
  private let language: ConfigurationReading.Language

  init(_ language: ConfigurationReading.Language) { self.language = language }

  /// `nil` where it is no such value.
  func value(
    of tree: ConfigurationTree, _ kind: ConfigurationField.Kind
  ) -> ConfigurationGroup.Value? {
    let (text, isQuoted): (String, Bool)
    switch tree.content {
    case .word(let word): (text, isQuoted) = (word, false)
    case .text(let quoted): (text, isQuoted) = (quoted, true)
    case .list, .group: return nil
    }
    let isStrict = language == .protobufText
    switch kind {
    case .text: return isQuoted || language == .yaml ? .text(text) : nil
    case .choice(let names):
      guard !isQuoted || !isStrict else { return nil }
      if names.contains(text) { return .text(text) }
      // Protobuf also takes an enumeration's number.
      guard language != .yaml, let place = Int(text), names.indices.contains(place) else {
        return nil
      }
      return .text(names[place])
    case .integer(let range):
      guard !isQuoted || !isStrict, let number = integer(text), range.contains(number) else {
        return nil
      }
      return .integer(number)
    case .number:
      guard !isQuoted || !isStrict, let number = number(text) else { return nil }
      return .number(number)
    case .boolean:
      guard !isQuoted else { return nil }
      return boolean(text).map { .boolean($0) }
    case .duration:
      guard let span = TimeSpan.parse(text) else { return nil }
      let (seconds, attoseconds) = span.components
      return .nanoseconds(UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds) / 1_000_000_000)
    case .group, .tree: return nil
    }
  }

  /// Decimal; in protobuf text hexadecimal and octal, too.
  private func integer(_ text: String) -> Int64? {
    guard language == .protobufText else { return Int64(text) }
    let digits = text.hasPrefix("-") ? String(text.dropFirst()) : text
    let sign = text.hasPrefix("-") ? "-" : ""
    if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
      return Int64(sign + digits.dropFirst(2), radix: 16)
    }
    if digits.count > 1, digits.hasPrefix("0") {
      return Int64(sign + digits.dropFirst(), radix: 8)
    }
    return digits.utf8.allSatisfy { (48...57).contains($0) } ? Int64(text) : nil
  }

  private func number(_ text: String) -> Double? {
    if language == .protobufText, text.hasSuffix("f") || text.hasSuffix("F"),
      text.first.map({ $0.isNumber || $0 == "-" || $0 == "." }) ?? false
    {
      return Double(text.dropLast())
    }
    return Double(text)
  }

  private func boolean(_ text: String) -> Bool? {
    switch (text, language) {
    case ("true", _): true
    case ("false", _): false
    case ("True", .protobufText), ("t", .protobufText), ("1", .protobufText): true
    case ("False", .protobufText), ("f", .protobufText), ("0", .protobufText): false
    case ("yes", .yaml), ("on", .yaml): true
    case ("no", .yaml), ("off", .yaml): false
    default: nil
    }
  }
}
