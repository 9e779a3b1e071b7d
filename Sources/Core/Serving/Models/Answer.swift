import Batching
import Inference

/// All that a request got, ready to be given to its sink.
struct Answer: Sendable {
  let request: PendingRequest
  /// One, or one for each run over which the request's rows were spread, in any order.
  let results: OneOrMore<RunResult>

  /// The parts that the sink gets; rows that were spread over runs are joined, with one copy.
  func parts() throws(RuntimeFault) -> [RunPart] {
    // Nearly always there is one run, and it is not worth a walk.
    if let fault = results.first.fault { throw fault }
    if results.others.isEmpty { return results.first.parts }
    for result in results.others { if let fault = result.fault { throw fault } }
    var pieces: [(row: Int, tensors: [Tensor])] = []
    for result in results {
      for part in result.parts {
        switch part {
        case .failed(_, let fault): throw fault
        case .again, .done: break
        case .outputs(let rows, let tensors):
          pieces.append((result.share.rows.lowerBound + rows.lowerBound, tensors))
        }
      }
    }
    pieces.sort { $0.row < $1.row }
    let outputCount = pieces.first?.tensors.count ?? 0
    var outputs: [Tensor] = []
    for index in 0..<outputCount {
      let tensors = pieces.compactMap { $0.tensors.count > index ? $0.tensors[index] : nil }
      guard let joined = Tensor.joined(tensors) else {
        throw RuntimeFault(
          code: .failed, message: "the runs of a split request gave outputs that do not fit")
      }
      outputs.append(joined)
    }
    return [.outputs(rows: 0..<request.rowCount, outputs)]
  }

  /// The phases of the request that this was.
  func served(version: Int64) -> ServedPhases {
    var served = request.served(version: version)
    served.started = min(results.first.started, request.firstStarted ?? .distantFuture)
    served.computed = results.first.computed
    served.batchRowCount = results.first.batchRowCount
    for result in results.others {
      served.started = min(served.started, result.started)
      served.computed = max(served.computed, result.computed)
      served.batchRowCount = max(served.batchRowCount, result.batchRowCount)
    }
    return served
  }
}
