import Inference
import Workers

/// Whatever a worker says is read or refused with a reason, and what is read holds together.
func fuzzWorker(_ bytes: UnsafeRawBufferPointer) {
  do throws(MalformedMessage) {
    switch try WorkerMessage.read(bytes) {
    case .outputs(_, let rows, _, let spans):
      require(rows.lowerBound >= 0, "rows \(rows)")
      spans.forEach(requireSound)
    case .call(_, _, _, let spans): spans.forEach { requireSound($0.span) }
    case .ready(let ready):
      let names = ready.signature.inputs.map(\.name)
      require(Set(names).count == names.count, "each input once: \(names)")
    case .unloadable, .rowFailed, .done, .failed, .grow, .metric: break
    }
  } catch {
    require(!error.reason.isEmpty, "a reason")
  }
}

private func requireSound(_ span: TensorSpan) {
  require(span.offset >= 0 && span.byteCount >= 0, "no negative place: \(span)")
  guard let size = span.datatype.elementByteCount else { return }
  require(
    span.shape.elementCount.map { $0 * size } == span.byteCount, "bytes of the shape: \(span)")
}
