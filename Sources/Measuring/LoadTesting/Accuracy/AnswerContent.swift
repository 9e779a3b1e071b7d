package import Inference
package import Vision

/// What a target said to one sample, whatever the protocol.
package enum AnswerContent: Sendable {
  case tensors([AnswerTensor])
  case boxes([Detection])
  /// The likeliest first.
  case classes([Classification])
  /// Nothing is known of its meaning.
  case bytes([UInt8])

  /// By how much another answer to the same sample differs.
  enum Difference: Equatable {
    case none
    /// The largest of any two numbers, in proportion to the larger of them and of 1.
    case numbers(Double)
    /// Other texts, shapes, or not even the same kind of answer.
    case form
  }

  func difference(from other: AnswerContent) -> Difference {
    switch (self, other) {
    case (.bytes(let left), .bytes(let right)): return left == right ? .none : .form
    case (.tensors(let left), .tensors(let right)): return Self.difference(left, right)
    case (.boxes(let left), .boxes(let right)):
      guard left.map(\.classID) == right.map(\.classID), left.map(\.label) == right.map(\.label)
      else { return .form }
      return .of(left.flatMap(\.numbers), right.flatMap(\.numbers))
    case (.classes(let left), .classes(let right)):
      guard left.map(\.classID) == right.map(\.classID), left.map(\.label) == right.map(\.label)
      else { return .form }
      return .of(left.map { Double($0.score) }, right.map { Double($0.score) })
    default: return .form
    }
  }

  private static func difference(_ left: [AnswerTensor], _ right: [AnswerTensor]) -> Difference {
    guard left.map(\.name) == right.map(\.name), left.map(\.shape) == right.map(\.shape),
      left.map(\.texts) == right.map(\.texts)
    else { return .form }
    return .of(left.flatMap(\.numbers), right.flatMap(\.numbers))
  }
}

extension AnswerContent.Difference {
  fileprivate static func of(_ left: [Double], _ right: [Double]) -> Self {
    guard left.count == right.count else { return .form }
    var largest = 0.0
    for (left, right) in zip(left, right) where left.bitPattern != right.bitPattern {
      let difference = (left - right).magnitude / max(1, left.magnitude, right.magnitude)
      guard difference.isFinite else { return .form }
      // Zeros of both signs differ in their bits alone.
      largest = max(largest, difference, .leastNormalMagnitude)
    }
    return largest == 0 ? .none : .numbers(largest)
  }
}

extension Detection {
  fileprivate var numbers: [Double] {
    [score, box.x1, box.y1, box.x2, box.y2].map { Double($0) }
  }
}

/// An output of a model, its numbers as doubles: every datatype but integers beyond 2^53 keeps its value.
package struct AnswerTensor: Sendable, Equatable {
  /// Empty where the protocol leaves it out.
  package let name: String
  package let shape: [Int]
  /// Empty where the elements are texts.
  package let numbers: [Double]
  package let texts: [String]
  /// Its elements are integers by their datatype, or, where the protocol has none, as they are written.
  package let isInteger: Bool

  package init(
    name: String, shape: [Int], numbers: [Double] = [], texts: [String] = [],
    isInteger: Bool = false
  ) {
    self.name = name
    self.shape = shape
    self.numbers = numbers
    self.texts = texts
    self.isInteger = isInteger
  }

  package init(_ output: NamedTensor) {
    let tensor = output.tensor
    let isText = tensor.datatype == .bytes
    self.init(
      name: output.name, shape: tensor.shape.array,
      numbers: isText ? [] : TensorNumbers.of(tensor), texts: isText ? tensor.strings : [],
      isInteger: !isText && !tensor.datatype.hasFraction)
  }

  /// A number or text for each row.
  func isColumn(rowCount: Int) -> Bool {
    shape.first == rowCount && shape.dropFirst().allSatisfy { $0 == 1 }
      || rowCount == 1 && shape.allSatisfy { $0 == 1 }
  }

  /// Several numbers for each row.
  func isMatrix(rowCount: Int) -> Bool {
    texts.isEmpty && numbers.count > rowCount
      && (shape.count == 2 && shape[0] == rowCount || shape.count == 1 && rowCount == 1)
  }
}

extension Datatype {
  package var hasFraction: Bool {
    self == .float16 || self == .float32 || self == .float64 || self == .bfloat16
  }
}

/// Elements of a tensor as doubles.
enum TensorNumbers {
  static func of(_ tensor: Tensor) -> [Double] {
    switch tensor.datatype {
    case .bool, .uint8: tensor.elements(as: UInt8.self).map { Double($0) }
    case .uint16: tensor.elements(as: UInt16.self).map { Double($0) }
    case .uint32: tensor.elements(as: UInt32.self).map { Double($0) }
    case .uint64: tensor.elements(as: UInt64.self).map { Double($0) }
    case .int8: tensor.elements(as: Int8.self).map { Double($0) }
    case .int16: tensor.elements(as: Int16.self).map { Double($0) }
    case .int32: tensor.elements(as: Int32.self).map { Double($0) }
    case .int64: tensor.elements(as: Int64.self).map { Double($0) }
    case .float16: tensor.elements(as: Float16.self).map { Double($0) }
    case .float32: tensor.elements(as: Float.self).map { Double($0) }
    case .float64: tensor.elements(as: Double.self)
    case .bfloat16:
      tensor.elements(as: UInt16.self).map { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .bytes: []
    }
  }
}
