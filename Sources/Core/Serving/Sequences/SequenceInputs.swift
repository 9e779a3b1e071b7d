import Batching
import Inference

/// The inputs of one run of sequences: the rows of its requests in their places, the controls and the
/// states beside them.
struct SequenceInputs: Sendable {
  let inputs: [Tensor?]
  let rowCount: Int
  /// Row of each share.
  let rows: [Int]
  /// What each row's last run asked to be given.
  let carried: [[Tensor]]

  /// `nil` where the rows do not fit together.
  init?(_ shares: OneOrMore<RunOrder.Share>, _ plan: SequencePlan) {
    var turns: [SequenceTurn] = []
    for share in shares {
      guard let turn = share.turn else { return nil }
      turns.append(turn)
    }
    let keepsSlots = plan.policy.keepsSlots && plan.rowsMax > 1
    rows = keepsSlots ? turns.map(\.slot) : Array(turns.indices)
    rowCount = (rows.max() ?? 0) + 1
    var carried = [[Tensor]](repeating: [], count: rowCount)
    for (row, turn) in zip(rows, turns) {
      carried[row] = Array(turn.states.dropFirst(plan.states.count))
    }
    self.carried = carried
    let layout = Layout(plan: plan, turns: turns, rows: rows, rowCount: rowCount)
    guard let joined = layout.joined(shares.map { $0.request.tensors.inputs }) else { return nil }
    inputs = joined
  }
}

/// Which row of a run is whose; rows of nobody are zeros that the model is told to ignore.
private struct Layout {
  let plan: SequencePlan
  let turns: [SequenceTurn]
  let rows: [Int]
  let rowCount: Int

  func joined(_ requests: [[Tensor?]]) -> [Tensor?]? {
    var result: [Tensor?] = []
    for place in requests[0].indices {
      let tensors = requests.compactMap { $0[place] }
      guard !tensors.isEmpty else {
        result.append(nil)
        continue
      }
      guard tensors.count == requests.count, let tensor = join(tensors) else { return nil }
      result.append(tensor)
    }
    for control in plan.controls {
      guard let tensor = tensor(for: control) else { return nil }
      result[control.place] = tensor
    }
    for (index, state) in plan.states.enumerated() {
      let tensors = turns.map { $0.states.count > index ? $0.states[index] : state.initial }
      guard let tensor = join(tensors) else { return nil }
      result[state.input] = tensor
    }
    return result
  }

  /// One row of each share, zeros between them; a lone row without a copy.
  private func join(_ tensors: [Tensor]) -> Tensor? {
    if rowCount == 1 { return tensors[0] }
    guard tensors.allSatisfy({ $0.shape.rank > 0 && $0.shape[0] == 1 }) else { return nil }
    if tensors.count == rowCount { return Tensor.joined(tensors) }
    guard let nobody = Tensor.zeros(tensors[0].datatype, shape: tensors[0].shape) else {
      return nil
    }
    var all = Array(repeating: nobody, count: rowCount)
    for (row, tensor) in zip(rows, tensors) { all[row] = tensor }
    return Tensor.joined(all)
  }

  private func tensor(for control: SequencePlan.Control) -> Tensor? {
    let shape = shape(of: plan.signature.inputs[control.place])
    let rule = control.rule
    if rule.kind == .correlationID {
      let ids = turns.map { $0.id.tensor(rule.datatype, shape: rowShape(shape)) }
      return join(ids.compactMap { $0 })
    }
    var facts = Array(repeating: false, count: rowCount)
    for (row, turn) in zip(rows, turns) { facts[row] = turn.fact(rule.kind) }
    return rule.tensor(facts, shape: shape)
  }

  /// One element a row, with as many axes as the model declares.
  private func shape(of input: TensorDescription) -> TensorShape {
    let hasRows = plan.signature.hasRowAxis
    let rank = input.isShapeless ? (hasRows ? 2 : 1) : input.dimensions.count
    guard var shape = TensorShape(repeatElement(1, count: rank)) else { return [rowCount] }
    if hasRows, rank > 0 { shape[0] = rowCount }
    return shape
  }

  private func rowShape(_ shape: TensorShape) -> TensorShape {
    var row = shape
    if plan.signature.hasRowAxis, row.rank > 0 { row[0] = 1 }
    return row
  }
}

extension SequenceTurn {
  fileprivate func fact(_ kind: SequencePolicy.ControlKind) -> Bool {
    switch kind {
    case .start: isStart
    case .end: isEnd
    case .ready: true
    case .correlationID: false
    }
  }
}

extension SequenceMark.ID {
  /// The id that stands for none.
  var isNothing: Bool { self == .number(0) || self == .text("") }

  /// As an error message shows it.
  var text: String {
    switch self {
    case .number(let number): String(number)
    case .text(let text): text
    }
  }

  /// The id as a model gets it; `nil` where the datatype does not hold it.
  func tensor(_ datatype: Datatype, shape: TensorShape) -> Tensor? {
    if datatype == .bytes { return Tensor(strings: [text], shape: shape) }
    guard case .number(let number) = self else { return nil }
    switch datatype {
    case .uint64: return Tensor([number], datatype: datatype, shape: shape)
    case .int64:
      return Int64(exactly: number).map { Tensor([$0], datatype: datatype, shape: shape) }
    case .uint32:
      return UInt32(exactly: number).map { Tensor([$0], datatype: datatype, shape: shape) }
    case .int32:
      return Int32(exactly: number).map { Tensor([$0], datatype: datatype, shape: shape) }
    default: return nil
    }
  }
}

extension SequencePolicy.Control {
  /// Whether its datatype is one of a control and holds its values.
  var canBeMade: Bool {
    if kind == .correlationID {
      return [.uint64, .int64, .uint32, .int32, .bytes].contains(datatype)
    }
    return tensor([false, true], shape: [2]) != nil
  }

  /// Its values for those facts; `nil` where the datatype does not hold them.
  fileprivate func tensor(_ facts: [Bool], shape: TensorShape) -> Tensor? {
    let values = facts.map { $0 ? trueValue : falseValue }
    switch datatype {
    case .int32:
      let whole = values.compactMap { Int32(exactly: $0) }
      guard whole.count == values.count else { return nil }
      return Tensor(whole, datatype: datatype, shape: shape)
    case .float32: return Tensor(values.map { Float($0) }, datatype: datatype, shape: shape)
    case .bool:
      return Tensor(values.map { UInt8($0 == 0 ? 0 : 1) }, datatype: datatype, shape: shape)
    default: return nil
    }
  }
}
