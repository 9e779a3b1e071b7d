import Settings

extension ConfigurationGroup.Value {
  /// As it is shown to people; `nil` for a group with keys of its own, which are shown one by one.
  var shown: String? {
    switch self {
    case .text(let text): text
    case .integer(let number): String(number)
    case .number(let number): String(number)
    case .boolean(let value): value ? "true" : "false"
    case .nanoseconds(let nanoseconds): TimeSpan.text(.nanoseconds(Int64(clamping: nanoseconds)))
    case .tree(let tree): tree.summary
    case .group(let group): group.fields.isEmpty ? "{}" : nil
    }
  }

  /// Whether a value is more than its kind's default.
  func says(as kind: ConfigurationField.Kind? = nil) -> Bool {
    switch self {
    case .text(let text):
      if case .choice(let names)? = kind { text != names.first } else { !text.isEmpty }
    case .integer(let number): number != 0
    case .number(let number): number != 0
    case .boolean(let value): value
    case .nanoseconds(let count): count > 0
    case .group(let group): group.fields.contains { $0.elements.contains { $0.value.says() } }
    case .tree: true
    }
  }
}
