import Inference
import NIOCore
import WireFormats

/// Turns a collected body into a request; a value, so that it can go to a worker.
struct InferDecoding: Sendable {
  let signature: ModelSignature
  let coding: ContentCoding
  /// Where the client said that binary tensors follow the JSON.
  let jsonByteCount: Int?
  let limits: HTTPLimits

  func run(_ body: ByteBuffer) -> Result<OpenInferenceRequest, InferenceFailure> {
    do throws(InferenceFailure) {
      let plain =
        coding == .identity
        ? body : try Unpacking.unpack(body, coding, byteCountMax: limits.bodyBytesMax)
      do throws(InputProblem) {
        return .success(
          try plain.withUnsafeReadableBytes { bytes throws(InputProblem) in try decode(bytes) })
      } catch {
        throw .invalidInput(error)
      }
    } catch {
      return .failure(error)
    }
  }

  private func decode(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> OpenInferenceRequest
  {
    guard let jsonByteCount else {
      return try OpenInferenceRequest.decode(
        json: bytes, signature: signature, depthMax: limits.jsonDepthMax)
    }
    var binary = try OpenInferenceBinaryBody(
      signature: signature, jsonByteCount: jsonByteCount, bodyByteCount: bytes.count,
      bodyBytesMax: limits.bodyBytesMax, depthMax: limits.jsonDepthMax)
    try binary.receive(bytes)
    return try binary.finish()
  }
}

/// Turns a model's outputs into an answer: the JSON straight into the buffer that is sent, binary
/// tensors as they lie in memory.
enum InferEncoding {
  /// `nil` where an output is not in host memory.
  static func answer(for response: OpenInferenceResponse) -> Answer? {
    let capacity = response.jsonByteCountMax
    var json = AnswerHead.buffer(capacity: capacity)
    let jsonByteCount = json.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) {
      response.encodeJSON(into: $0)
    }
    var answer = Answer(status: 200, contentType: Answer.json, body: json)
    let tensors = response.binaryTensors
    guard !tensors.isEmpty else { return answer }
    for tensor in tensors where tensor.byteCount > 0 {
      guard let bytes = AdoptedBytes.buffer(of: tensor) else { return nil }
      answer.tail.append(bytes)
    }
    answer.contentType = "application/octet-stream"
    answer.headers.append(("Inference-Header-Content-Length", "\(jsonByteCount)"))
    return answer
  }
}
