import Glibc
package import Inference

/// How far answers lie from those of the reference, to the same inputs: what a precision costs.
package struct AnswerDifference: Sendable, Equatable {
  /// The largest distance of two numbers.
  package let absolute: Double
  /// Of the outputs that with the largest: the root of its squared distances, over that of its squared
  /// values (a distance of norms). Texts that are not equal count as distances of 1 among values of 1.
  package let relative: Double

  package init(absolute: Double, relative: Double) {
    self.absolute = absolute
    self.relative = relative
  }

  /// Every number is the same.
  package var isNone: Bool { absolute == 0 && relative == 0 }

  /// One output of one answer, in numbers.
  package struct Values: Sendable, Equatable {
    package let isText: Bool
    package let numbers: [Double]

    package init(isText: Bool, numbers: [Double]) {
      self.isText = isText
      self.numbers = numbers
    }
  }

  /// - Parameters: answers to the same inputs, in the same order, each with its outputs in the
  ///   model's order; `nil` where their forms differ.
  package init?(_ answers: [[Values]], from reference: [[Values]]) {
    guard answers.count == reference.count else { return nil }
    var sums: [Int: (distance: Double, size: Double)] = [:]
    var largest = 0.0
    for (answer, wanted) in zip(answers, reference) {
      guard answer.count == wanted.count else { return nil }
      for (place, (mine, its)) in zip(answer, wanted).enumerated() {
        guard mine.isText == its.isText, mine.numbers.count == its.numbers.count else { return nil }
        let part = Self.sums(mine.numbers, its.numbers, isText: its.isText)
        largest = max(largest, part.largest)
        sums[place, default: (0, 0)].distance += part.distance
        sums[place, default: (0, 0)].size += part.size
      }
    }
    absolute = largest
    relative = sums.values.map { $0.distance == 0 ? 0 : sqrt($0.distance / $0.size) }.max() ?? 0
  }

  /// The largest distance, and both sums of squares.
  private static func sums(
    _ ones: [Double], _ others: [Double], isText: Bool
  ) -> (largest: Double, distance: Double, size: Double) {
    var (largest, distance, size) = (0.0, 0.0, 0.0)
    for (one, other) in zip(ones, others) {
      size += isText ? 1 : other.isFinite ? other * other : 0
      // Neither equal numbers nor two that are none lie apart.
      if one == other || one.isNaN && other.isNaN { continue }
      let apart = isText ? 1 : one.isFinite && other.isFinite ? abs(one - other) : .infinity
      largest = max(largest, apart)
      distance += apart * apart
    }
    return (largest, distance, size)
  }
}

extension AnswerDifference.Values {
  /// The numbers of a tensor; of texts a number for each that is the same for the same text.
  package init(_ tensor: Tensor) {
    func widened<Element: BitwiseCopyable>(_ widen: (Element) -> Double) -> [Double] {
      tensor.elements(as: Element.self).map(widen)
    }
    let numbers: [Double] =
      switch tensor.datatype {
      case .bool, .uint8: widened { (value: UInt8) in Double(value) }
      case .int8: widened { (value: Int8) in Double(value) }
      case .uint16: widened { (value: UInt16) in Double(value) }
      case .int16: widened { (value: Int16) in Double(value) }
      case .uint32: widened { (value: UInt32) in Double(value) }
      case .int32: widened { (value: Int32) in Double(value) }
      case .uint64: widened { (value: UInt64) in Double(value) }
      case .int64: widened { (value: Int64) in Double(value) }
      case .float16: widened { (value: Float16) in Double(value) }
      case .float32: widened { (value: Float) in Double(value) }
      case .float64: widened { (value: Double) in value }
      case .bfloat16:
        widened { (value: UInt16) in Double(Float(bitPattern: UInt32(value) << 16)) }
      case .bytes: tensor.strings.map(Self.number)
      }
    self.init(isText: tensor.datatype == .bytes, numbers: numbers)
  }

  /// FNV-1a, of which a double holds 53 bits.
  private static func number(_ text: String) -> Double {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    return Double(hash >> 11)
  }
}

/// Answers as the worker of a trial writes them for the one who compares.
package enum AnswerText {
  /// For each tensor whether it is of texts, how many numbers, and these; little-endian doubles. A
  /// negative number of texts ends an answer.
  package static func bytes(_ answers: [[AnswerDifference.Values]]) -> [UInt8] {
    var numbers: [Double] = []
    for answer in answers {
      for values in answer {
        numbers += [values.isText ? 1 : 0, Double(values.numbers.count)]
        numbers += values.numbers
      }
      numbers.append(-1)
    }
    return numbers.withUnsafeBytes { Array($0) }
  }

  /// `nil` for bytes that are cut.
  package static func answers(_ bytes: [UInt8]) -> [[AnswerDifference.Values]]? {
    let size = MemoryLayout<Double>.size
    guard bytes.count % size == 0 else { return nil }
    let numbers = bytes.withUnsafeBytes { raw in
      (0..<raw.count / size).map { raw.loadUnaligned(fromByteOffset: $0 * size, as: Double.self) }
    }
    var answers: [[AnswerDifference.Values]] = []
    var answer: [AnswerDifference.Values] = []
    var place = 0
    while place < numbers.count {
      if numbers[place] < 0 {
        answers.append(answer)
        answer = []
        place += 1
        continue
      }
      guard place + 1 < numbers.count else { return nil }
      let end = place + 2 + Int(numbers[place + 1])
      guard end <= numbers.count else { return nil }
      answer.append(.init(isText: numbers[place] == 1, numbers: Array(numbers[place + 2..<end])))
      place = end
    }
    return answer.isEmpty ? answers : nil
  }
}
