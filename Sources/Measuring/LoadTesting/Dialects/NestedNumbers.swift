import Inference
import WireFormats

/// Numbers or texts that a document has in nested arrays.
struct NestedNumbers {
  private(set) var shape: [Int] = []
  private(set) var numbers: [Double] = []
  private(set) var texts: [String] = []
  private var areIntegers = true
  /// All arrays of one depth are of one length, and all elements of one kind.
  private(set) var isRegular = true

  init(_ document: JSONValue) {
    var document = document
    var lengths: [Int] = []
    let whole = document
    while case .array(let elements) = document {
      lengths.append(elements.count)
      guard let first = elements.first else { break }
      document = first
    }
    shape = lengths
    add(whole, depth: 0)
    isRegular = isRegular && (numbers.isEmpty || texts.isEmpty)
  }

  private mutating func add(_ document: JSONValue, depth: Int) {
    switch document {
    case .array(let elements):
      guard depth < shape.count, shape[depth] == elements.count else {
        isRegular = false
        return
      }
      for element in elements { add(element, depth: depth + 1) }
    case .integer(let integer): numbers.append(Double(integer))
    case .number(let number):
      areIntegers = false
      numbers.append(number)
    case .bool(let flag): numbers.append(flag ? 1 : 0)
    case .string(let text): addText(text)
    case .null, .object: isRegular = false
    }
    if case .array = document { return }
    if depth != shape.count { isRegular = false }
  }

  /// As TensorFlow Serving, MLflow and Python write what is no number of JSON.
  private mutating func addText(_ text: String) {
    switch text {
    case "NaN": numbers.append(.nan)
    case "Infinity": numbers.append(.infinity)
    case "-Infinity": numbers.append(-.infinity)
    default: texts.append(text)
    }
  }

  /// As an answer without datatypes has it; `nil` where it is none.
  func tensor(_ name: String) -> AnswerTensor? {
    guard isRegular else { return nil }
    return AnswerTensor(
      name: name, shape: shape, numbers: numbers, texts: texts,
      isInteger: areIntegers && texts.isEmpty)
  }

  /// Of an output whose shape and datatype are told beside its elements.
  func tensor(_ name: String, shape: [Int], datatype: Datatype) -> AnswerTensor {
    AnswerTensor(
      name: name, shape: shape, numbers: numbers, texts: texts,
      isInteger: !datatype.hasFraction && datatype != .bytes)
  }
}
