import Batching
import Inference

/// One call of the runtime: an order's rows joined, and its answer cut apart again.
///
/// A request that runs alone and whole passes through untouched, with the memory that it brought for
/// its outputs. Joining copies each row once; answers are ranges of the joined outputs.
struct BatchWork: Sendable {
  /// What the runtime computes.
  let batch: RunBatch
  let shares: OneOrMore<RunOrder.Share>
  private let sequences: SequencePlan?
  /// First row of each share; may be empty where there is one alone.
  let rows: [Int]
  private let padding: PaddingPlan?
  /// Each request's inputs as they were joined; empty where nothing is padded.
  private let padded: [[Tensor?]]

  /// `nil` where the rows do not fit together after all: then each request runs alone.
  init?(
    _ shares: OneOrMore<RunOrder.Share>, padding: PaddingPlan?, sequences: SequencePlan? = nil
  ) {
    self.shares = shares
    self.padding = padding
    self.sequences = sequences
    if let sequences {
      guard let prepared = SequenceInputs(shares, sequences) else { return nil }
      rows = prepared.rows
      padded = []
      batch = Self.batch(of: shares, prepared, sequences)
      return
    }
    rows = Self.firstRows(of: shares)
    guard shares.count > 1 || !shares.first.isWhole || padding != nil else {
      padded = []
      let request = shares.first.request
      var alone = request.tensors.asBatch(rowCount: request.rowCount)
      alone.context = request.context
      alone.askedThrough = request.context?.askedThrough ?? []
      batch = alone
      return
    }
    guard var inputs = Self.cutInputs(of: shares) else { return nil }
    if let padding { inputs = padding.padded(inputs) }
    padded = padding == nil ? [] : inputs
    guard let joined = Self.join(inputs) else { return nil }
    let tensors = shares.first.request.tensors
    var joint = RunBatch(
      inputs: joined, rowCount: shares.reduce(0) { $0 + $1.rows.count },
      outputs: tensors.outputs, parameters: tensors.parameters)
    joint.method = tensors.method
    for share in shares {
      let way = share.request.context?.askedThrough ?? []
      if way.count > joint.askedThrough.count { joint.askedThrough = way }
    }
    batch = joint
  }

  private static func firstRows(of shares: OneOrMore<RunOrder.Share>) -> [Int] {
    guard shares.count > 1 else { return [] }
    var rows: [Int] = []
    var row = 0
    for share in shares {
      rows.append(row)
      row += share.rows.count
    }
    return rows
  }

  private static func cutInputs(of shares: OneOrMore<RunOrder.Share>) -> [[Tensor?]]? {
    var all: [[Tensor?]] = []
    all.reserveCapacity(shares.count)
    for share in shares {
      var inputs = share.request.tensors.inputs
      for place in inputs.indices where !share.isWhole {
        guard let tensor = inputs[place] else { continue }
        guard let rows = tensor.cut(share.rows) else { return nil }
        inputs[place] = rows
      }
      all.append(inputs)
    }
    return all
  }

  private static func join(_ requests: [[Tensor?]]) -> [Tensor?]? {
    var joined: [Tensor?] = []
    for place in requests[0].indices {
      let tensors = requests.compactMap { $0[place] }
      if tensors.isEmpty {
        joined.append(nil)
      } else {
        guard tensors.count == requests.count, let tensor = Tensor.joined(tensors) else {
          return nil
        }
        joined.append(tensor)
      }
    }
    return joined
  }

  // MARK: The answer

  /// What each share got; `nil` where the answer cannot be told apart, or the run failed as a whole
  /// and each request deserves a run of its own.
  func results(of attempt: RunAttempt) -> OneOrMore<RunResult>? {
    if let sequences { return results(of: attempt, sequences) }
    if shares.count == 1 {
      let parts = own(attempt.parts, place: 0) ?? []
      return OneOrMore(result(shares.first, attempt, parts: parts, fault: attempt.fault))
    }
    if let fault = attempt.fault {
      guard fault.code == .stopped || attempt.hasStreamed else { return nil }
      return shares.mapped { result($0, attempt, parts: [], fault: fault) }
    }
    var results: [RunResult] = []
    for place in shares.indices {
      guard let parts = own(attempt.parts, place: place) else { return nil }
      results.append(result(shares[place], attempt, parts: parts, fault: nil))
    }
    return OneOrMore(listing: results)
  }

  /// Of some parts of the run, those of one share; `nil` where they cannot be told apart.
  func own(_ parts: [RunPart], place: Int) -> [RunPart]? {
    if batch.rowCount == 1, sequences != nil { return parts }
    if sequences == nil, shares.count == 1 {
      return padding == nil ? parts : parts.map { restored($0, place: 0, shares.first) }
    }
    return cut(parts, at: rows[place], place: place, shares[place])
  }

  /// Of the outputs of a row, those that its request asked for: states come behind them.
  func answered(_ tensors: [Tensor], of request: PendingRequest) -> [Tensor] {
    guard let sequences else { return tensors }
    return sequences.answered(tensors, wanted: request.tensors.outputs)
  }

  func result(
    _ share: RunOrder.Share, _ attempt: RunAttempt, parts: [RunPart], fault: RuntimeFault?
  ) -> RunResult {
    RunResult(
      share: share.batchShare, batchRowCount: batch.rowCount, started: attempt.started,
      computed: attempt.computed, parts: parts, fault: fault)
  }

  /// The parts of a run that belong to the share whose rows begin at `offset`.
  private func cut(
    _ parts: [RunPart], at offset: Int, place: Int, _ share: RunOrder.Share
  ) -> [RunPart]? {
    let own = offset..<offset + share.rows.count
    var result: [RunPart] = []
    for part in parts {
      switch part {
      case .failed(let row, let fault):
        if own.contains(row) { result.append(.failed(row: row - offset, fault)) }
      case .again(let row, let carried):
        if own.contains(row) { result.append(.again(row: row - offset, carrying: carried)) }
      case .done(let row):
        if own.contains(row) { result.append(.done(row: row - offset)) }
      case .outputs(let rows, let tensors):
        let common = rows.clamped(to: own)
        guard !common.isEmpty else { continue }
        let range = common.lowerBound - rows.lowerBound..<common.upperBound - rows.lowerBound
        let cut = tensors.compactMap {
          $0.shape.rank > 0 && $0.shape[0] == rows.count
            ? $0.cut(range) : nil
        }
        guard cut.count == tensors.count else { return nil }
        let ownRows = common.lowerBound - offset..<common.upperBound - offset
        result.append(restored(.outputs(rows: ownRows, cut), place: place, share))
      }
    }
    return result
  }

  /// A part at the request's own lengths.
  private func restored(_ part: RunPart, place: Int, _ share: RunOrder.Share) -> RunPart {
    guard let padding, !padded.isEmpty, case .outputs(let rows, let tensors) = part else {
      return part
    }
    let wanted = batch.outputs
    let own = share.request.tensors.inputs
    return .outputs(
      rows: rows,
      tensors.enumerated().map { index, tensor in
        padding.cutBack(
          tensor, index: wanted.isEmpty ? index : wanted[index], own: own, padded: padded[place])
      })
  }
}

/// What one call of the runtime gave, and when.
struct RunAttempt: Sendable {
  var started: Instant
  var computed: Instant
  var parts: [RunPart]
  var fault: RuntimeFault?
  /// Parts of it are with their clients, so that it cannot be tried again.
  var hasStreamed = false

  /// A call that was not made, because its rows do not fit together.
  static func notMade(at now: Instant) -> RunAttempt {
    RunAttempt(
      started: now, computed: now, parts: [],
      fault: RuntimeFault(code: .invalidArgument, message: "the rows do not fit the run"))
  }

  func lesson(rowCount: Int) -> RunLesson? {
    guard fault == nil else { return nil }
    return RunLesson(nanoseconds: computed.nanoseconds(since: started), rowCount: rowCount)
  }
}

extension TensorRequest {
  /// This request alone, as a run.
  func asBatch(rowCount: Int) -> RunBatch {
    var batch = RunBatch(
      inputs: inputs, rowCount: rowCount, outputs: outputs,
      outputMemory: outputMemory ?? PooledMemory(), parameters: parameters)
    batch.method = method
    return batch
  }
}
