package import Inference

/// What a client may set of a detection.
package struct DetectionParameters: Sendable, Equatable {
  /// Names under which clients set them.
  package static let names = ["confidence", "iou", "max_detections", "multi_label"]
  package static let detectionsMaxRange = 1...3000

  /// Scores at or below this are no detections; 0 to 1.
  package var confidence: Float = 0.25
  /// Of two boxes of one class that overlap by more than this, the lower score goes; 0 to 1.
  package var iou: Float = 0.45
  /// At most this many detections, the highest scores first.
  package var detectionsMax = 300
  /// Every class above `confidence` counts, not only the highest of each place.
  package var isMultiLabel = false

  package init() {}

  /// Sets one parameter from text, as a query string or a form field has it.
  package mutating func set(_ name: String, to text: String) throws(InputProblem) {
    switch name {
    case "confidence": confidence = try Self.fraction(Float(text), name: name, got: text)
    case "iou": iou = try Self.fraction(Float(text), name: name, got: text)
    case "max_detections": detectionsMax = try Self.count(Int(text), name: name, got: text)
    case "multi_label": isMultiLabel = try Self.truth(text, name: name)
    default: throw Self.unknown(name, got: text)
    }
  }

  /// Sets one parameter from a typed value, as JSON has it; text is read as in a query string.
  package mutating func set(_ parameter: Parameter) throws(InputProblem) {
    switch parameter.value {
    case .string(let text): try set(parameter.name, to: text)
    case .bool(let value): try set(parameter.name, to: value ? "true" : "false")
    case .integer(let value): try set(parameter.name, to: String(value))
    case .number(let value): try set(parameter.name, to: String(value))
    }
  }

  private static func fraction(
    _ value: Float?, name: String, got: String
  ) throws(InputProblem) -> Float {
    guard let value, value >= 0, value <= 1 else {
      throw .parameter(name, expected: "a number from 0 to 1", got: got)
    }
    return value
  }

  private static func count(
    _ value: Int?, name: String, got: String
  ) throws(InputProblem) -> Int {
    guard let value, detectionsMaxRange.contains(value) else {
      throw .parameter(
        name,
        expected:
          "an integer from \(detectionsMaxRange.lowerBound) to \(detectionsMaxRange.upperBound)",
        got: got)
    }
    return value
  }

  private static func truth(_ text: String, name: String) throws(InputProblem) -> Bool {
    switch text {
    case "true", "1": return true
    case "false", "0": return false
    default: throw .parameter(name, expected: "true or false", got: text)
    }
  }

  private static func unknown(_ name: String, got: String) -> InputProblem {
    .parameter(name, expected: "one of " + names.joined(separator: ", "), got: got)
  }
}

/// What a client may set of a classification.
package struct ClassificationParameters: Sendable, Equatable {
  /// Names under which clients set them.
  package static let names = ["top"]
  package static let topRange = 1...1000

  /// At most this many classes, the most likely first.
  package var top = 5

  package init() {}

  /// Sets one parameter from text, as a query string or a form field has it.
  package mutating func set(_ name: String, to text: String) throws(InputProblem) {
    guard name == "top" else { throw .parameter(name, expected: "top", got: text) }
    guard let value = Int(text), Self.topRange.contains(value) else {
      throw .parameter(
        name,
        expected: "an integer from \(Self.topRange.lowerBound) to \(Self.topRange.upperBound)",
        got: text)
    }
    top = value
  }

  /// Sets one parameter from a typed value, as JSON has it.
  package mutating func set(_ parameter: Parameter) throws(InputProblem) {
    switch parameter.value {
    case .string(let text): try set(parameter.name, to: text)
    case .bool(let value): try set(parameter.name, to: value ? "true" : "false")
    case .integer(let value): try set(parameter.name, to: String(value))
    case .number(let value): try set(parameter.name, to: String(value))
    }
  }
}
