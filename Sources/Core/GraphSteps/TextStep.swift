import Inference

/// `text`: what can be done to texts without a tokeniser.
struct TextStep: BuiltInWork {
  enum Change: String, CaseIterable {
    case strip, lower, upper, collapse
  }

  private let changes: [Change]
  private let prefix: String
  private let suffix: String
  private let charactersMax: Int

  init(_ settings: StepSettings) throws(BuiltInProblem) {
    changes = try (settings.texts("do") ?? []).map { (text) throws(BuiltInProblem) in
      guard let change = Change(rawValue: text) else {
        throw settings.wrong(
          "do", text, "any of " + Change.allCases.map(\.rawValue).joined(separator: ", "))
      }
      return change
    }
    prefix = settings.text("prefix") ?? ""
    suffix = settings.text("suffix") ?? ""
    charactersMax = try settings.integer("characters-max", in: 1...10_000_000) ?? .max
  }

  var inputNames: [String] { ["text"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["text"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    guard let input = inputs[0], input.datatype == .bytes else {
      throw BuiltInProblem("text must be BYTES")
    }
    return [
      TensorDescription(
        name: "text", datatype: .bytes, dimensions: input.dimensions,
        isShapeless: input.isShapeless)
    ]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let input = inputs[0] else { throw .invalidInput(.missingInput("text")) }
    guard input.datatype == .bytes else { throw .mismatch("text", "BYTES", input) }
    return [Tensor(strings: input.strings.map(changed), shape: input.shape)]
  }

  private func changed(_ text: String) -> String {
    var text = text
    for change in changes {
      switch change {
      case .strip: text = Self.stripped(text)
      case .lower: text = text.lowercased()
      case .upper: text = text.uppercased()
      case .collapse:
        text = text.split(omittingEmptySubsequences: true) { $0.isWhitespace }
          .joined(separator: " ")
      }
    }
    return prefix + text.prefix(charactersMax) + suffix
  }

  private static func stripped(_ text: String) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }
}
