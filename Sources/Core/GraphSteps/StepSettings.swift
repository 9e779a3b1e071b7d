import Inference

/// Settings of one built-in step as they are read: each key once, and none that is not known.
struct StepSettings {
  private let step: BuiltInStep
  private let given: [String: [String]]

  init(
    _ step: BuiltInStep, _ given: [String: [String]], known: [String]
  ) throws(BuiltInProblem) {
    self.step = step
    self.given = given
    for key in given.keys.sorted() where !known.contains(key) {
      let list = known.isEmpty ? "it has none" : "known are " + known.joined(separator: ", ")
      throw BuiltInProblem("\(step.rawValue) has no setting \(key); \(list)")
    }
  }

  func texts(_ key: String) -> [String]? { given[key] }

  func text(_ key: String) -> String? { given[key]?.first }

  func choice<Value: RawRepresentable & CaseIterable>(
    _ key: String, of type: Value.Type
  ) throws(BuiltInProblem) -> Value? where Value.RawValue == String {
    guard let text = text(key) else { return nil }
    guard let value = Value(rawValue: text) else {
      throw wrong(key, text, "one of " + Value.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return value
  }

  func integer(_ key: String, in range: ClosedRange<Int>) throws(BuiltInProblem) -> Int? {
    guard let text = text(key) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw wrong(key, text, "an integer from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func number(_ key: String) throws(BuiltInProblem) -> Float? { try numbers(key)?.first }

  func numbers(_ key: String) throws(BuiltInProblem) -> [Float]? {
    guard let texts = given[key] else { return nil }
    return try texts.map { (text) throws(BuiltInProblem) in
      guard let value = Float(text), value.isFinite else { throw wrong(key, text, "a number") }
      return value
    }
  }

  func wrong(_ key: String, _ got: String, _ expected: String) -> BuiltInProblem {
    BuiltInProblem("\(step.rawValue): \(key) must be \(expected), but is \(got)")
  }
}
