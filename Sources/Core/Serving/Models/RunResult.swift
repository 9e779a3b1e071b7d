import Batching
import Inference

/// What became of one request of a run.
struct RunResult: Sendable {
  let ticket: Ticket
  let rowCount: Int
  let started: Instant
  let computed: Instant
  let parts: [RunPart]
  let fault: RuntimeFault?

  var nanoseconds: UInt64 { computed.nanoseconds(since: started) }

  /// The phases of the request that this was.
  func served(_ request: PendingRequest, version: Int64) -> ServedPhases {
    var served = ServedPhases()
    served.version = version
    served.admitted = request.admitted
    served.started = started
    served.computed = computed
    served.rowCount = rowCount
    served.batchRowCount = rowCount
    return served
  }
}

/// What a sink holds back of one answer.
struct HeldParts {
  private var count = 0
  private var byteCount = 0
  private var isWaiting = false

  static let refusal = SlowClient.taking(
    heldPartsMax: ServingSettings.heldPartsMax, heldBytesMax: ServingSettings.heldBytesMax)

  /// Counts a part that was given while the sink was waiting; true once that is too much.
  mutating func isOver(_ demand: Demand, after part: ResponsePart) -> Bool {
    if isWaiting {
      count += 1
      byteCount += part.outputs.reduce(0) { $0 + $1.tensor.byteCount }
    }
    isWaiting = demand == .wait
    return count > ServingSettings.heldPartsMax || byteCount > ServingSettings.heldBytesMax
  }
}
