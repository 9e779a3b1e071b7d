import Inference

/// The classification extension: the best classes of each row as `value:index[:label]`.
enum TopClasses {
  /// A `BYTES` tensor of the `countMax` greatest elements of each row, greatest first, of equal ones
  /// the first first, NaN last.
  ///
  /// A tensor of rank 2 or more has its rows on axis 0 and gives [rows, k]; another is one row and
  /// gives [k]. `tensor` holds numbers on the host: requests that ask otherwise were refused.
  static func tensor(_ tensor: Tensor, countMax: Int, labels: [String]) -> Tensor {
    let scores = self.scores(of: tensor)
    let rowCount = tensor.shape.rank > 1 ? tensor.shape[0] : 1
    let rowLength = rowCount == 0 ? 0 : scores.count / rowCount
    let count = min(countMax, rowLength)
    var strings: [String] = []
    for row in 0..<(count == 0 ? 0 : rowCount) {
      let values = scores[row * rowLength..<(row + 1) * rowLength]
      for index in best(count, of: values) {
        strings.append(text(values[index], index - values.startIndex, labels))
      }
    }
    return Tensor(strings: strings, shape: tensor.shape.rank > 1 ? [rowCount, count] : [count])
  }

  /// Refuses classes of an output that has no numbers.
  static func check(_ count: Int, of output: TensorDescription) throws(InputProblem) {
    guard count > 0, output.datatype == .bytes || output.datatype == .bool else { return }
    throw .parameter(
      "classification", expected: "an output of numbers",
      got: "`\(output.name)` of \(output.datatype.name)")
  }

  /// A number that is compared as a double and printed as what it is.
  private struct Score {
    let order: Double
    let text: ScoreText
  }

  private enum ScoreText {
    case single(Float)
    case double(Double)
    case integer(String)
  }

  private static func best(_ count: Int, of values: ArraySlice<Score>) -> [Int] {
    func isBefore(_ left: Int, _ right: Int) -> Bool {
      let (first, second) = (values[left].order, values[right].order)
      return first == second ? left < right : first > second
    }
    guard count <= fewMax else { return Array(values.indices.sorted(by: isBefore).prefix(count)) }
    var best: [Int] = []
    for index in values.indices {
      if best.count == count {
        guard let last = best.last, isBefore(index, last) else { continue }
        best.removeLast()
      }
      best.insert(index, at: best.firstIndex { isBefore(index, $0) } ?? best.count)
    }
    return best
  }

  /// So many are found in one pass, as rows may be long; more by sorting.
  private static let fewMax = 32

  private static func text(_ score: Score, _ index: Int, _ labels: [String]) -> String {
    let value =
      switch score.text {
      case .single(let value): JSONWriter.text { $0.write(value) }
      case .double(let value): JSONWriter.text { $0.write(value) }
      case .integer(let text): text
      }
    return index < labels.count ? "\(value):\(index):\(labels[index])" : "\(value):\(index)"
  }

  private static func scores(of tensor: Tensor) -> [Score] {
    switch tensor.datatype {
    case .float32: tensor.elements(as: Float.self).map(score)
    case .float64:
      tensor.elements(as: Double.self).map {
        Score(order: $0.isNaN ? -.infinity : $0, text: .double($0))
      }
    case .float16: tensor.elements(as: Float16.self).map { score(Float($0)) }
    case .bfloat16:
      tensor.elements(as: UInt16.self).map { score(Float(bitPattern: UInt32($0) << 16)) }
    case .uint8: tensor.elements(as: UInt8.self).map(score)
    case .uint16: tensor.elements(as: UInt16.self).map(score)
    case .uint32: tensor.elements(as: UInt32.self).map(score)
    case .uint64: tensor.elements(as: UInt64.self).map(score)
    case .int8: tensor.elements(as: Int8.self).map(score)
    case .int16: tensor.elements(as: Int16.self).map(score)
    case .int32: tensor.elements(as: Int32.self).map(score)
    case .int64: tensor.elements(as: Int64.self).map(score)
    case .bool, .bytes: []
    }
  }

  private static func score(_ value: Float) -> Score {
    Score(order: value.isNaN ? -.infinity : Double(value), text: .single(value))
  }

  private static func score(_ value: some BinaryInteger) -> Score {
    Score(order: Double(value), text: .integer(String(value)))
  }
}

extension JSONWriter {
  /// What `write` appends, as a string.
  fileprivate static func text(_ write: (inout JSONWriter) -> Void) -> String {
    var writer = JSONWriter(reservedByteCount: NumberPrinting.slackByteCount)
    write(&writer)
    return String(decoding: writer.bytes, as: UTF8.self)
  }
}
