import Inference
import Serving
import Synchronization
import TestSupport

/// A decoupled model of rows: a row of value n is answered n times, with 0 to n-1.
///
/// A row of 100 or more fails alone after value - 100 parts, one of 200 or more fails its whole run
/// after value - 200.
final class CountModel: ComputingModel {
  let signature = ModelSignature(
    inputs: [
      TensorDescription(name: "X", datatype: .int32, dimensions: [.any(name: nil), .fixed(1)])
    ],
    outputs: [
      TensorDescription(name: "Y", datatype: .int32, dimensions: [.any(name: nil), .fixed(1)])
    ], hasRowAxis: true)
  let capabilities: ModelCapabilities
  let footprintByteCount = 1
  let platformName = "count"
  let gate = Gate()
  /// Held up at the gate before this part.
  let heldPart: Int
  /// One part in each run, which asks for the next.
  let iterates: Bool
  /// Rows of each run.
  var runs: [Int] { noted.withLock { $0 } }
  /// Parts that were made.
  let partCount = Atomic<Int>(0)
  private let noted = Guarded<[Int]>([])

  init(heldPart: Int = .max, iterates: Bool = false) {
    self.heldPart = heldPart
    self.iterates = iterates
    var capabilities = ModelCapabilities()
    capabilities.isDecoupled = true
    self.capabilities = capabilities
  }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    Instance(self, stop)
  }

  private final class Instance: ModelInstance {
    let model: CountModel
    let stop: StopFlag

    init(_ model: CountModel, _ stop: StopFlag) {
      self.model = model
      self.stop = stop
    }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      model.noted.withLock { $0.append(batch.rowCount) }
      let values = batch.inputs[0]?.elements(as: Int32.self) ?? []
      if model.iterates { return try iterate(values, batch.carried, emit) }
      for part in 0..<Int(values.map { $0 % 100 }.max() ?? 0) {
        try hold(before: part)
        for (row, value) in values.enumerated() where part < Int(value % 100) {
          self.emit(Int32(part), row, emit)
          if part + 1 == value { emit(.done(row: row)) }
        }
      }
      for (row, value) in values.enumerated() where value >= 100 {
        let fault = RuntimeFault(code: .failed, message: "row \(row)")
        if value >= 200 { throw fault }
        emit(.failed(row: row, fault))
      }
    }

    private func iterate(
      _ values: [Int32], _ carried: [[Tensor]], _ emit: (RunPart) -> Void
    ) throws(RuntimeFault) {
      for (row, value) in values.enumerated() {
        let part = carried.dropFirst(row).first?.first?.elements(as: Int32.self).first ?? 0
        try hold(before: Int(part))
        self.emit(part, row, emit)
        let next = Tensor([part + 1], datatype: .int32, shape: [1])
        if part + 1 < value { emit(.again(row: row, carrying: [next])) }
      }
    }

    private func hold(before part: Int) throws(RuntimeFault) {
      if part == model.heldPart { model.gate.pass { self.stop.isRaised } }
      if stop.isRaised { throw RuntimeFault(code: .stopped, message: "told to stop") }
    }

    private func emit(_ value: Int32, _ row: Int, _ emit: (RunPart) -> Void) {
      model.partCount.add(1, ordering: .relaxed)
      let tensor = Tensor([value], datatype: .int32, shape: [1, 1])
      emit(.outputs(rows: row..<row + 1, [tensor]))
    }
  }
}

/// Takes parts, and says after how many that it waits.
final class StreamingSink: ResponseSink {
  private struct State: Sendable {
    var values: [Int32] = []
    var ends: [ResponseEnd] = []
    var waitsAfter: Int
    var partsAfterEnd = 0
  }

  private let state: Guarded<State>
  /// Asked, and to stay until this goes.
  let server = Guarded<InferenceServer?>(nil)

  init(waitsAfter: Int = .max) { state = Guarded(State(waitsAfter: waitsAfter)) }

  func receive(_ part: ResponsePart) -> Demand {
    state.withLock { state in
      if !state.ends.isEmpty { state.partsAfterEnd += 1 }
      state.values += part.outputs[0].tensor.elements(as: Int32.self)
      return state.values.count >= state.waitsAfter ? .wait : .more
    }
  }

  func finish(_ end: ResponseEnd) { state.withLock { $0.ends.append(end) } }

  /// Says `wait` again after so many more.
  func allow(_ count: Int) { state.withLock { $0.waitsAfter = $0.values.count + count } }

  var values: [Int32] { state.withLock { $0.values } }
  var endCount: Int { state.withLock { $0.ends.count } }
  var isOver: Bool { endCount == 1 }
  var partsAfterEnd: Int { state.withLock { $0.partsAfterEnd } }
  var served: ServedPhases? { state.withLock { $0.ends.first?.served } }

  var failure: InferenceFailure? {
    guard case .failed(let failure) = state.withLock({ $0.ends.first?.outcome }) else { return nil }
    return failure
  }
}
