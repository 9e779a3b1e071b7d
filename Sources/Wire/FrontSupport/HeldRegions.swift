package import Inference
package import Serving
package import WireFormats

/// The client's memory that one request reads or writes: found once, so that it can be unregistered
/// meanwhile and is let go when the request is over.
package struct HeldRegions: Sendable {
  private var regions: [String: SharedRegion] = [:]
  /// For the copies of its inputs.
  private var room: SharedMemoryRoom?

  package init() {}

  package init(
    of request: OpenInferenceRequest, in registry: SharedMemoryRegistry
  ) throws(InferenceFailure) {
    for input in request.regionInputs { try hold(input.span.region, registry) }
    for name in request.responsePlan.regions { try hold(name, registry) }
    let byteCount = request.regionInputs.reduce(0) { sum, input in
      let (sum, isOver) = sum.addingReportingOverflow(input.span.byteCount)
      return isOver ? .max : sum
    }
    if byteCount > 0 { room = try registry.room(forBytes: byteCount) }
  }

  private mutating func hold(
    _ name: String, _ registry: SharedMemoryRegistry
  ) throws(InferenceFailure) {
    if regions[name] == nil { regions[name] = try registry.region(named: name) }
  }

  private func region(_ name: String) -> SharedRegion {
    guard let region = regions[name] else { preconditionFailure("the region \(name) is not held") }
    return region
  }

  /// The request with its inputs; copies them.
  package func fill(_ request: OpenInferenceRequest) -> Result<
    OpenInferenceRequest, InferenceFailure
  > {
    var request = request
    do throws(InputProblem) {
      try request.fill { span throws(InputProblem) in try region(span.region).read(span) }
      return .success(request)
    } catch {
      return .failure(.invalidInput(error))
    }
  }

  /// Writes outputs to where the client wants them.
  package func write(
    _ tensors: [(span: RegionSpan, tensor: Tensor)]
  ) throws(InferenceFailure) {
    for (span, tensor) in tensors {
      guard let bytes = tensor.hostBytes else {
        throw .unsupported(.other("outputs in device memory"))
      }
      do throws(InputProblem) {
        try region(span.region).write(bytes, to: span)
      } catch {
        throw .invalidInput(error)
      }
    }
  }
}
