import FrontSupport
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

/// Turns a model's outputs into an answer; a value, so that it can go to a worker. The JSON is
/// written straight into the buffer that is sent, binary tensors are sent as they lie in memory.
struct InferEncoding: Sendable {
  let model: String
  let version: Int64
  let clientID: String?
  let labels: [String]
  let plan: OpenInferenceResponsePlan
  let regions: HeldRegions

  /// `nil` where the JSON, or what its classes are chosen from, may be more than the caller has time
  /// for.
  func answer(
    _ outputs: [NamedTensor], jsonByteCountMax: Int
  ) -> Result<Answer, InferenceFailure>? {
    guard plan.classifiedByteCount(of: outputs) <= jsonByteCountMax else { return nil }
    do throws(InferenceFailure) {
      let response = try response(outputs)
      guard response.jsonByteCountMax + response.regionByteCount <= jsonByteCountMax else {
        return nil
      }
      try regions.write(response.regionTensors)
      return .success(try Self.write(response))
    } catch {
      return .failure(error)
    }
  }

  func answer(_ outputs: [NamedTensor]) -> Result<Answer, InferenceFailure> {
    do throws(InferenceFailure) {
      let response = try response(outputs)
      try regions.write(response.regionTensors)
      return .success(try Self.write(response))
    } catch {
      return .failure(error)
    }
  }

  private func response(
    _ outputs: [NamedTensor]
  ) throws(InferenceFailure) -> OpenInferenceResponse {
    try OpenInferenceResponse(
      model: model, version: version, id: clientID, outputs: outputs, labels: labels, plan: plan)
  }

  private static func write(_ response: OpenInferenceResponse) throws(InferenceFailure) -> Answer {
    let capacity = response.jsonByteCountMax
    var json = AnswerHead.buffer(capacity: capacity)
    let jsonByteCount = json.writeWithUnsafeMutableBytes(minimumWritableBytes: capacity) {
      response.encodeJSON(into: $0)
    }
    var answer = Answer(status: 200, contentType: Answer.json, body: json)
    let tensors = response.binaryTensors
    guard !tensors.isEmpty else { return answer }
    for tensor in tensors where tensor.byteCount > 0 {
      guard let bytes = AdoptedBytes.buffer(of: tensor) else {
        throw .unsupported(.other("outputs in device memory"))
      }
      answer.tail.append(bytes)
    }
    answer.contentType = "application/octet-stream"
    answer.headers.append(("Inference-Header-Content-Length", "\(jsonByteCount)"))
    return answer
  }
}
