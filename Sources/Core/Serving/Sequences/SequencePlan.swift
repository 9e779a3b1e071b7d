import Batching
import Inference

/// What the server adds to the requests of one model's sequences, and what it keeps of their answers.
///
/// Clients neither see nor send the inputs that the server fills. An output that holds state is kept;
/// clients get it only where the operator also declares it as an output and they ask for it by name.
struct SequencePlan: Sendable {
  /// An input that tells the model about the sequence.
  struct Control: Sendable {
    let place: Int
    let rule: SequencePolicy.Control
  }

  /// An input that is fed with what an output gave in the run before.
  struct State: Sendable {
    let input: Int
    let output: Int
    /// One row of the first value.
    let initial: Tensor
  }

  let model: String
  let policy: SequencePolicy
  let signature: ModelSignature
  let clientSignature: ModelSignature
  let controls: [Control]
  let states: [State]
  /// Most rows of a run.
  let rowsMax: Int
  /// A run that failed may be tried again: all that its sequences are is here.
  let mayRepeat: Bool
  /// Places in the model of what clients see.
  private let clientInputs: [Int]
  private let clientOutputs: [Int]
  /// What an answer has where the request names nothing.
  private let answeredOutputs: [Int]

  /// Throws where the policy does not fit the model.
  init(
    _ policy: SequencePolicy, for model: any LoadedModel, specification: ModelSpecification
  ) throws(RuntimeFault) {
    let signature = model.signature
    self.model = specification.name
    self.policy = policy
    self.signature = signature
    rowsMax = signature.hasRowAxis ? max(1, specification.scheduling.batching.rowsMax) : 1
    mayRepeat = !model.capabilities.isStateful
    controls = try policy.controls.map { (rule) throws(RuntimeFault) in
      try Self.control(rule, signature)
    }
    states = try policy.states.map { (state) throws(RuntimeFault) in
      try Self.state(state, signature)
    }
    let filled = Set(controls.map(\.place) + states.map(\.input))
    clientInputs = signature.inputs.indices.filter { !filled.contains($0) }
    let kept = Set(states.map(\.output))
    let declared = Set(specification.declared?.outputs.map(\.name) ?? [])
    clientOutputs = signature.outputs.indices.filter {
      !kept.contains($0) || declared.contains(signature.outputs[$0].name)
    }
    answeredOutputs = signature.outputs.indices.filter { !kept.contains($0) }
    clientSignature = ModelSignature(
      inputs: clientInputs.map { signature.inputs[$0] },
      outputs: clientOutputs.map { signature.outputs[$0] }, hasRowAxis: signature.hasRowAxis,
      metadata: signature.metadata)
  }

  // MARK: A request comes

  /// What is wrong with a request to a model of sequences.
  func problem(with mark: SequenceMark?, rowCount: Int) -> InputProblem? {
    if policy.isIterative {
      return rowCount == 1 ? nil : .sequenceRows(model: model, got: rowCount)
    }
    guard let mark, !mark.id.isNothing else { return .sequenceIDMissing(model: model) }
    guard rowCount == 1 else { return .sequenceRows(model: model, got: rowCount) }
    for control in controls where control.rule.kind == .correlationID {
      guard mark.id.tensor(control.rule.datatype, shape: [1]) != nil else {
        return .sequenceIDUnfit(
          model: model, id: mark.id.text, datatype: control.rule.datatype)
      }
    }
    return nil
  }

  /// The request as the model's own places have it.
  func placed(_ request: TensorRequest) -> TensorRequest {
    var placed = request
    placed.inputs = Array(repeating: nil, count: signature.inputs.count)
    for (place, tensor) in zip(clientInputs, request.inputs) { placed.inputs[place] = tensor }
    placed.outputs =
      request.outputs.isEmpty ? answeredOutputs : request.outputs.map { clientOutputs[$0] }
    // Its places are the client's; and what is kept must not lie in memory of a client.
    placed.outputMemory = nil
    return placed
  }

  // MARK: A run

  /// Places of the outputs of a run: those of its requests, then the states that they do not name.
  func runOutputs(_ wanted: [Int]) -> [Int] {
    let wanted = wanted.isEmpty ? Array(signature.outputs.indices) : wanted
    return wanted + states.map(\.output).filter { !wanted.contains($0) }
  }

  /// The states among the outputs of a run, in the order of the policy.
  func states(in tensors: [Tensor], of outputs: [Int]) -> [Tensor] {
    states.compactMap { state in
      outputs.firstIndex(of: state.output).flatMap { $0 < tensors.count ? tensors[$0] : nil }
    }
  }

  /// Of the outputs of a run, those that the request asked for, without the states behind them.
  func answered(_ tensors: [Tensor], wanted: [Int]) -> [Tensor] {
    Array(tensors.prefix(wanted.isEmpty ? signature.outputs.count : wanted.count))
  }

  /// The states with which a turn began, where its run gave no others.
  func states(before turn: SequenceTurn?) -> [Tensor] {
    guard let turn, turn.states.count >= states.count else { return states.map(\.initial) }
    return Array(turn.states.prefix(states.count))
  }

  // MARK: Fitting

  private static func misfit(_ reason: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: "sequences are asked of this model, but \(reason)")
  }

  private static func control(
    _ rule: SequencePolicy.Control, _ signature: ModelSignature
  ) throws(RuntimeFault) -> Control {
    guard let place = signature.inputIndex(named: rule.input) else {
      throw misfit("it has no input '\(rule.input)' for a control")
    }
    let input = signature.inputs[place]
    guard input.datatype == rule.datatype else {
      throw misfit(
        "the control input '\(rule.input)' is \(input.datatype.name) in the model and "
          + "\(rule.datatype.name) in its settings")
    }
    let lengths = input.dimensions.dropFirst(signature.hasRowAxis ? 1 : 0).map(\.metadataLength)
    guard rule.canBeMade else {
      throw misfit(
        "the control input '\(rule.input)' cannot be \(rule.datatype.name) with these values")
    }
    guard input.isShapeless || lengths.allSatisfy({ $0 == 1 || $0 == -1 }) else {
      throw misfit("the control input '\(rule.input)' has more than one element a row")
    }
    return Control(place: place, rule: rule)
  }

  private static func state(
    _ rule: SequencePolicy.State, _ signature: ModelSignature
  ) throws(RuntimeFault) -> State {
    guard let input = signature.inputIndex(named: rule.input) else {
      throw misfit("it has no input '\(rule.input)' for a state")
    }
    guard let output = signature.outputIndex(named: rule.output) else {
      throw misfit("it has no output '\(rule.output)' for a state")
    }
    guard signature.inputs[input].datatype == rule.datatype,
      signature.outputs[output].datatype == rule.datatype
    else {
      throw misfit(
        "the state '\(rule.input)' is \(rule.datatype.name) in its settings and another datatype "
          + "in the model")
    }
    let lengths = (signature.hasRowAxis ? [1] : []) + rule.dimensions.map { $0 < 0 ? 1 : $0 }
    guard let shape = TensorShape(lengths), signature.inputs[input].admits(shape),
      let initial = Tensor.initial(rule.initialBytes, datatype: rule.datatype, shape: shape)
    else {
      throw misfit(
        "the state '\(rule.input)' cannot begin with \(rule.initialBytes.count) bytes of shape "
          + "\(rule.dimensions)")
    }
    return State(input: input, output: output, initial: initial)
  }
}

extension Tensor {
  /// The first value of a state: these bytes, or zeros (empty strings) where there are none; `nil`
  /// where they are not the shape's.
  fileprivate static func initial(
    _ bytes: [UInt8], datatype: Datatype, shape: TensorShape
  ) -> Tensor? {
    if bytes.isEmpty { return zeros(datatype, shape: shape) }
    if let size = datatype.elementByteCount, shape.elementCount.map({ $0 * size }) != bytes.count {
      return nil
    }
    let tensor = Tensor(bytes, datatype: datatype, shape: shape)
    guard datatype == .bytes else { return tensor }
    return tensor.forEachByteString { _ in } == shape.elementCount ? tensor : nil
  }

  /// Zeros, or empty strings.
  static func zeros(_ datatype: Datatype, shape: TensorShape) -> Tensor? {
    // An empty string is its length, four zero bytes.
    guard let count = shape.elementCount else { return nil }
    let (byteCount, isOver) = count.multipliedReportingOverflow(
      by: datatype.elementByteCount ?? 4)
    guard !isOver else { return nil }
    let storage = TensorStorage(byteCount: byteCount)
    _ = storage.hostBytesForFilling?.initializeMemory(as: UInt8.self, repeating: 0)
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }
}
