import Inference

/// A checked configuration as the whole message, by the table.
extension TritonTable {
  /// What protobuf calls `double`; every other number with a fraction is a `float`.
  private static let doubles: Set = ["buckets"]
  /// Maps whose keys are integers.
  private static let numberedMaps: Set = ["priority_queue_policy"]

  static func document(_ root: ConfigurationGroup) -> ModelConfigDocument {
    document(root, of: table.root)
  }

  private static func document(
    _ group: ConfigurationGroup, of name: String
  ) -> ModelConfigDocument {
    let fields: [ModelConfigDocument.Field] = table.fields(of: name).compactMap { field in
      value(of: field, in: group).map {
        .init(field.name, field.number, isAlternative: field.alternative != nil, $0)
      }
    }
    return ModelConfigDocument(fields: fields)
  }

  private static func value(
    of field: Field, in group: ConfigurationGroup
  ) -> ModelConfigDocument.Value? {
    let elements = group[field.name]?.elements ?? []
    switch field.arity {
    case .single:
      if let element = elements.first { return value(element.value, of: field) }
      if case .group = field.kind { return nil }
      return field.alternative == nil ? fallback(of: field) : nil
    case .repeated: return .repeated(elements.compactMap { value($0.value, of: field) })
    case .keyed: return .keyed(elements.compactMap { pair($0, of: field) })
    }
  }

  private static func pair(
    _ element: ConfigurationGroup.Element, of field: Field
  ) -> ModelConfigDocument.Pair? {
    guard let value = value(element.value, of: field) else { return nil }
    let isNumber = numberedMaps.contains(field.name)
    return .init(isNumber ? .integer(Int64(element.key) ?? 0) : .text(element.key), value)
  }

  /// `nil` for what no field of the message holds.
  private static func value(
    _ value: ConfigurationGroup.Value, of field: Field
  ) -> ModelConfigDocument.Value? {
    switch (value, field.kind) {
    case (.text(let name), .choice(let names)):
      .choice(name, number: names.firstIndex(of: name) ?? 0)
    case (.text(let text), _): .text(text)
    case (.integer(let number), .number): decimal(Double(number), of: field)
    case (.integer(let number), _): .integer(number)
    case (.number(let number), _): decimal(number, of: field)
    case (.boolean(let flag), _): .boolean(flag)
    case (.group(let group), .group(let name)): .message(document(group, of: name))
    case (.group, _), (.nanoseconds, _), (.tree, _): nil
    }
  }

  private static func decimal(_ number: Double, of field: Field) -> ModelConfigDocument.Value {
    doubles.contains(field.name) ? .double(number) : .float(Float(number))
  }

  private static func fallback(of field: Field) -> ModelConfigDocument.Value? {
    switch field.kind {
    case .text: .text("")
    case .integer: .integer(0)
    case .number: decimal(0, of: field)
    case .boolean: .boolean(false)
    case .choice(let names): .choice(names[0], number: 0)
    case .duration, .group, .tree: nil
    }
  }
}
