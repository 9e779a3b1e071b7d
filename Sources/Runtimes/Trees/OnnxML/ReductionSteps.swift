/// One number out of several of a row.
enum Reduction: String {
  case largest = "ReduceMax"
  case mean = "ReduceMean"
  case smallest = "ReduceMin"
  case product = "ReduceProd"
  case sum = "ReduceSum"
  case sumOfSquares = "ReduceSumSquare"
}

struct ReductionStep<Number: RealNumber>: PipelineStep {
  let reduction: Reduction
  let source: Int
  /// For each element of a row of the result, which of the source's row it is made of.
  let groups: [[Int]]
  let sourceWidth: Int
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.elements(result, as: Number.self)
    for row in 0..<rowCount {
      let source = memory.elements(source, as: Number.self) + row * sourceWidth
      for (place, group) in groups.enumerated() {
        result[row * groups.count + place] = reduced(source, group)
      }
    }
  }

  private func reduced(_ source: UnsafeMutablePointer<Number>, _ group: [Int]) -> Number {
    switch reduction {
    case .largest: group.reduce(-Number.infinity) { source[$1] > $0 ? source[$1] : $0 }
    case .mean: group.reduce(0) { $0 + source[$1] } / Number(group.count)
    case .smallest: group.reduce(Number.infinity) { source[$1] < $0 ? source[$1] : $0 }
    case .product: group.reduce(1) { $0 * source[$1] }
    case .sum: group.reduce(0) { $0 + source[$1] }
    case .sumOfSquares: group.reduce(0) { $0 + source[$1] * source[$1] }
    }
  }
}

/// `ArgMax` and `ArgMin`: the first place of the largest or smallest of each group.
struct ExtremeStep<Number: RealNumber>: PipelineStep {
  let findsLargest: Bool
  let source: Int
  let groups: [[Int]]
  let sourceWidth: Int
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.elements(result, as: Int64.self)
    for row in 0..<rowCount {
      let source = memory.elements(source, as: Number.self) + row * sourceWidth
      for (place, group) in groups.enumerated() {
        var best = 0
        for candidate in 1..<max(group.count, 1) {
          let (value, leader) = (source[group[candidate]], source[group[best]])
          if findsLargest ? value > leader : value < leader { best = candidate }
        }
        result[row * groups.count + place] = Int64(best)
      }
    }
  }
}

/// `Softmax` over a row.
struct SoftmaxStep<Number: RealNumber>: PipelineStep {
  let source: Int
  let width: Int
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    for row in 0..<rowCount {
      let source = memory.elements(source, as: Number.self) + row * width
      let result = memory.elements(result, as: Number.self) + row * width
      result.update(from: source, count: width)
      Softmax.apply(result, count: width)
    }
  }
}

enum Softmax {
  /// Each value's exponential as a share of all, computed below the largest, so that none overflows.
  static func apply<Number: RealNumber>(_ values: UnsafeMutablePointer<Number>, count: Int) {
    var largest = -Number.greatestFiniteMagnitude
    for place in 0..<count where values[place] > largest { largest = values[place] }
    var sum: Number = 0
    for place in 0..<count {
      values[place] = Number.exponential(values[place] - largest)
      sum += values[place]
    }
    for place in 0..<count { values[place] /= sum }
  }
}
