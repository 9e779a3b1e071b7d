import Inference

/// One step of one request at work: its tensors, and which models it asks.
struct GraphStepWork: Sendable {
  let step: GraphPlan.Step
  /// As they are bound; `nil` where an optional one was left out.
  let tensors: [Tensor?]
  let elementCount: Int
  /// The models of each element, `nil` where the step's own work is done instead.
  let targets: [GraphTarget?]

  /// Throws where the tensors cannot be taken apart, or no model is meant.
  init(
    _ step: GraphPlan.Step, tensors: [Tensor?], selector: Tensor?, _ run: GraphRun,
    elementsMax: Int
  ) throws(InferenceFailure) {
    self.step = step
    self.tensors = tensors
    elementCount = try Self.elementCount(step, tensors, max: elementsMax)
    targets = try Self.targets(of: step, selector: selector, run)
  }

  var memberCount: Int { targets.count }

  private static func elementCount(
    _ step: GraphPlan.Step, _ tensors: [Tensor?], max: Int
  ) throws(InferenceFailure) -> Int {
    guard step.takesElements else { return 1 }
    var count: Int?
    for (tensor, isApart) in zip(tensors, step.isTakenApart) where isApart {
      guard let tensor else { continue }
      guard tensor.shape.rank > 0 else { throw step.failure("a scalar has no elements") }
      if let count, count != tensor.shape[0] {
        throw step.failure("its tensors have \(count) and \(tensor.shape[0]) elements")
      }
      count = tensor.shape[0]
    }
    guard let count, count <= max else {
      throw step.failure("\(count ?? 0) elements are more than the limit of \(max)")
    }
    return count
  }

  /// Empty where only the fallback is left.
  private static func targets(
    of step: GraphPlan.Step, selector: Tensor?, _ run: GraphRun
  ) throws(InferenceFailure) -> [GraphTarget?] {
    switch step.work {
    case .builtIn: return [nil]
    case .all(let targets, _, _): return targets
    case .split(let shares, let targets):
      let point = StableHash.fraction(of: run.context.routingKey ?? run.context.id)
      let place = shares.firstIndex { point < $0 } ?? targets.count - 1
      return [targets[place]]
    case .switched(let kind, let cases, let otherwise, let targets):
      let value =
        switch kind {
        case .tensor: selector?.firstElementText
        case .parameter(let name): run.parameters.first { $0.name == name }?.value.text
        }
      if let place = value.flatMap({ cases[$0] }) ?? otherwise { return [targets[place]] }
      if step.fallback != nil { return [] }
      let known = cases.keys.sorted().listed
      throw step.failure(
        "no case for \(value.map(PublicText.quoted) ?? "nothing"); cases: \(known)")
    }
  }

  // MARK: Asking

  /// The model of an ask; `nil` for the step's own work.
  func target(of ask: GraphRunState.Ask) -> GraphTarget? {
    ask.member == GraphRunState.Ask.fallback ? step.fallback : targets[ask.member]
  }

  func isBuiltIn(_ ask: GraphRunState.Ask) -> Bool {
    ask.member != GraphRunState.Ask.fallback && targets[ask.member] == nil
  }

  /// One bound tensor as an ask gets it: `rank` is what it should have, `nil` for one less.
  func tensor(
    _ place: Int, element: Int, rank: Int?
  ) throws(InferenceFailure) -> Tensor? {
    guard let whole = tensors[place], step.isTakenApart[place] else { return tensors[place] }
    guard let part = whole.cut(element..<element + 1) else {
      throw step.failure("element \(element) of a tensor cannot be read")
    }
    return rank == whole.shape.rank ? part : part.withoutFirstAxis
  }

  /// Whether elements keep axis 0, as the rows of a model that has them.
  func keepsAxis(_ descriptions: [TensorDescription]) -> Bool {
    for (place, description) in descriptions.enumerated() where step.isTakenApart[place] {
      guard let tensor = tensors[place] else { continue }
      if description.isShapeless || description.dimensions.count == tensor.shape.rank {
        return true
      }
    }
    return false
  }
}

extension GraphPlan.Step {
  /// Something is wrong with what the step was given, or was answered.
  func failure(_ sentence: String) -> InferenceFailure {
    .runtimeFailed(RuntimeFault(code: .failed, message: "step \(name): \(sentence)"))
  }
}

extension Tensor {
  /// The same bytes, where the first axis has length 1.
  var withoutFirstAxis: Tensor {
    guard let shape = TensorShape(shape.array.dropFirst()) else { return self }
    return Tensor(
      datatype: datatype, shape: shape, storage: storage, byteOffset: byteOffset,
      byteCount: byteCount)
  }

  /// The first element as a configuration would write it; `nil` for an empty tensor.
  var firstElementText: String? {
    guard let bytes = hostBytes, elementCount > 0 else { return nil }
    func integer<Number: BinaryInteger & BitwiseCopyable>(_ type: Number.Type) -> String {
      String(bytes.loadUnaligned(as: type))
    }
    switch datatype {
    case .bool: return bytes[0] == 0 ? "false" : "true"
    case .uint8: return integer(UInt8.self)
    case .uint16: return integer(UInt16.self)
    case .uint32: return integer(UInt32.self)
    case .uint64: return integer(UInt64.self)
    case .int8: return integer(Int8.self)
    case .int16: return integer(Int16.self)
    case .int32: return integer(Int32.self)
    case .int64: return integer(Int64.self)
    case .float32: return ParameterValue.number(Double(bytes.loadUnaligned(as: Float.self))).text
    case .float64: return ParameterValue.number(bytes.loadUnaligned(as: Double.self)).text
    case .float16, .bfloat16: return nil
    case .bytes: return strings.first
    }
  }
}

extension ParameterValue {
  /// As a configuration would write it: a whole number has no point.
  var text: String {
    switch self {
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): Int64(exactly: value).map { String($0) } ?? String(value)
    case .string(let value): value
    }
  }
}
