import Inference

/// `top-k`: the largest values along the last axis and their places; of equals the earlier place.
struct TopKStep: BuiltInWork {
  let count: Int

  var inputNames: [String] { ["values"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["values", "indices"] }
  var isBrief: Bool { true }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    let input = try numbers(inputs[0])
    guard input.isShapeless || !input.dimensions.isEmpty else {
      throw BuiltInProblem("a scalar has no largest values")
    }
    var dimensions = input.dimensions
    if case .fixed(let length)? = dimensions.last {
      guard count <= length else {
        throw BuiltInProblem("k is \(count), and there are only \(length) values")
      }
    }
    if !dimensions.isEmpty { dimensions[dimensions.count - 1] = .fixed(count) }
    return [
      TensorDescription(
        name: "values", datatype: .float32, dimensions: dimensions, isShapeless: input.isShapeless),
      TensorDescription(
        name: "indices", datatype: .int64, dimensions: dimensions, isShapeless: input.isShapeless),
    ]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    let (values, input) = try floats(inputs[0])
    guard input.shape.rank > 0, input.shape[input.shape.rank - 1] >= count else {
      throw .mismatch("values", "of \(count) or more on the last axis", input)
    }
    var shape = input.shape
    let length = shape[shape.rank - 1]
    shape[shape.rank - 1] = count
    var best: [Float] = []
    var places: [Int64] = []
    for start in stride(from: 0, to: values.count, by: length) {
      let largest = Self.largest(values[start..<start + length], count)
      best += largest.map { values[$0] }
      places += largest.map { Int64($0 - start) }
    }
    return [
      Tensor(best, datatype: .float32, shape: shape),
      Tensor(places, datatype: .int64, shape: shape),
    ]
  }

  /// Places of the largest, in a heap of `count`'s size; NaN is the smallest of all.
  private static func largest(_ values: ArraySlice<Float>, _ count: Int) -> [Int] {
    func isBefore(_ left: Int, _ right: Int) -> Bool {
      let (one, other) = (values[left], values[right])
      if one.isNaN || other.isNaN { return one.isNaN == other.isNaN ? left < right : other.isNaN }
      return one != other ? one > other : left < right
    }
    var kept: [Int] = []
    for place in values.indices {
      if kept.count == count, let last = kept.last, !isBefore(place, last) { continue }
      // Few are kept, so finding the place by halves and moving the rest is cheap.
      var (low, high) = (0, kept.count)
      while low < high {
        let middle = (low + high) / 2
        if isBefore(kept[middle], place) { low = middle + 1 } else { high = middle }
      }
      kept.insert(place, at: low)
      if kept.count > count { kept.removeLast() }
    }
    return kept
  }
}

/// `scaler`: value * factor + offset.
struct ScalerStep: BuiltInWork {
  let factor: Float
  let offset: Float

  var inputNames: [String] { ["values"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["values"] }
  var isBrief: Bool { true }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    [try numbers(inputs[0]).asFloats]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    let (values, input) = try floats(inputs[0])
    return [
      Tensor(values.map { $0 * factor + offset }, datatype: .float32, shape: input.shape)
    ]
  }
}

/// `normalise`: (value * scale - mean) / deviation for each channel of an axis.
struct NormaliseStep: BuiltInWork {
  private let mean: [Float]
  private let deviation: [Float]
  private let scale: Float
  private let axis: Int

  init(_ settings: StepSettings) throws(BuiltInProblem) {
    mean = try settings.numbers("mean") ?? [0]
    deviation = try settings.numbers("deviation") ?? [1]
    scale = try settings.number("scale") ?? 1
    axis = try settings.integer("axis", in: -TensorShape.rankMax...TensorShape.rankMax - 1) ?? -1
    let counts = Set([mean.count, deviation.count]).subtracting([1])
    guard !mean.isEmpty, !deviation.isEmpty, counts.count <= 1, !deviation.contains(0) else {
      throw BuiltInProblem(
        "normalise: expected one mean and deviation, not 0, for all channels or for each")
    }
  }

  var inputNames: [String] { ["values"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["values"] }
  var isBrief: Bool { true }

  private var channelCount: Int { max(mean.count, deviation.count) }

  private func place(rank: Int) -> Int? {
    let place = axis < 0 ? rank + axis : axis
    return (0..<rank).contains(place) ? place : nil
  }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    let input = try numbers(inputs[0])
    if !input.isShapeless, channelCount > 1 {
      guard let place = place(rank: input.dimensions.count) else {
        throw BuiltInProblem("values have no axis \(axis)")
      }
      if case .fixed(let length) = input.dimensions[place], length != channelCount {
        throw BuiltInProblem("axis \(axis) has \(length) channels, and \(channelCount) are set")
      }
    }
    return [input.asFloats]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    var (values, input) = try floats(inputs[0])
    if channelCount == 1 {
      for place in values.indices {
        values[place] = (values[place] * scale - mean[0]) / deviation[0]
      }
    } else {
      guard let axis = place(rank: input.shape.rank), input.shape[axis] == channelCount else {
        throw .mismatch("values", "of \(channelCount) channels on axis \(self.axis)", input)
      }
      let inner = (axis + 1..<input.shape.rank).reduce(1) { $0 * input.shape[$1] }
      for place in values.indices {
        let channel = place / inner % channelCount
        values[place] =
          (values[place] * scale - mean[mean.count == 1 ? 0 : channel])
          / deviation[deviation.count == 1 ? 0 : channel]
      }
    }
    return [Tensor(values, datatype: .float32, shape: input.shape)]
  }
}

extension TensorDescription {
  fileprivate var asFloats: TensorDescription {
    TensorDescription(
      name: "values", datatype: .float32, dimensions: dimensions, isShapeless: isShapeless)
  }
}

/// Datatypes whose elements are taken as numbers.
private let numberTypes: Set<Datatype> = [
  .float32, .float64, .uint8, .int8, .uint16, .int16, .int32, .uint32, .int64,
]

private func numbers(_ input: TensorDescription?) throws(BuiltInProblem) -> TensorDescription {
  guard let input, numberTypes.contains(input.datatype) else {
    let names = Datatype.allCases.filter { numberTypes.contains($0) }.map(\.name)
    throw BuiltInProblem("values must be one of " + names.joined(separator: ", "))
  }
  return input
}

private func floats(_ tensor: Tensor?) throws(InferenceFailure) -> ([Float], Tensor) {
  guard let tensor else { throw .invalidInput(.missingInput("values")) }
  func taken<Number: BinaryInteger & BitwiseCopyable>(_ type: Number.Type) -> [Float] {
    tensor.elements(as: type).map { Float($0) }
  }
  switch tensor.datatype {
  case .float32: return (tensor.elements(as: Float.self), tensor)
  case .float64: return (tensor.elements(as: Double.self).map { Float($0) }, tensor)
  case .uint8: return (taken(UInt8.self), tensor)
  case .int8: return (taken(Int8.self), tensor)
  case .uint16: return (taken(UInt16.self), tensor)
  case .int16: return (taken(Int16.self), tensor)
  case .uint32: return (taken(UInt32.self), tensor)
  case .int32: return (taken(Int32.self), tensor)
  case .int64: return (taken(Int64.self), tensor)
  case .bool, .uint64, .float16, .bfloat16, .bytes: throw .mismatch("values", "numbers", tensor)
  }
}
