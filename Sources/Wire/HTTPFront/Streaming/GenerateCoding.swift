import FrontSupport
import Inference
import NIOCore
import WireFormats

/// Turns a collected body into a request; a value, so that it can go to a worker.
struct GenerateDecoding: Sendable {
  let signature: ModelSignature
  let coding: ContentCoding
  let limits: HTTPLimits

  func run(_ body: ByteBuffer) -> Result<GenerateRequest, InferenceFailure> {
    do throws(InferenceFailure) {
      let plain =
        coding == .identity
        ? body : try Unpacking.unpack(body, coding, byteCountMax: limits.bodyBytesMax)
      do throws(InputProblem) {
        return .success(
          try plain.withUnsafeReadableBytes { bytes throws(InputProblem) in
            try GenerateRequest.decode(
              json: bytes, signature: signature, depthMax: limits.jsonDepthMax)
          })
      } catch {
        throw .invalidInput(error)
      }
    } catch {
      return .failure(error)
    }
  }
}

/// Turns a model's outputs into one answer or into events; a value, so that it can go to a worker.
struct GenerateEncoding: Sendable {
  let model: String
  let version: Int64
  let clientID: String?

  /// `nil` where it may be larger than the caller has time for.
  func answer(
    _ outputs: [NamedTensor], byteCountMax: Int
  ) -> Result<Answer, InferenceFailure>? {
    encoded([outputs], .document, byteCountMax: byteCountMax)?.map(Self.answer)
  }

  func answer(_ outputs: [NamedTensor]) -> Result<Answer, InferenceFailure> {
    encoded([outputs], .document).map(Self.answer)
  }

  private static func answer(_ body: ByteBuffer) -> Answer {
    Answer(status: 200, contentType: Answer.json, body: body)
  }

  /// The events of these parts, one behind the other; `nil` where they may be larger than the caller
  /// has time for. A part without tensors tells a client nothing and is none.
  func events(
    _ parts: [ResponsePart], byteCountMax: Int
  ) -> Result<ByteBuffer, InferenceFailure>? {
    encoded(Self.outputs(of: parts), .event, byteCountMax: byteCountMax)
  }

  func events(_ parts: [ResponsePart]) -> Result<ByteBuffer, InferenceFailure> {
    encoded(Self.outputs(of: parts), .event)
  }

  private static func outputs(of parts: [ResponsePart]) -> [[NamedTensor]] {
    parts.filter { !$0.outputs.isEmpty }.map(\.outputs)
  }

  private func encoded(
    _ answers: [[NamedTensor]], _ frame: GenerateResponse.Frame, byteCountMax: Int
  ) -> Result<ByteBuffer, InferenceFailure>? {
    do throws(InferenceFailure) {
      let responses = try responses(answers, frame)
      let byteCount = responses.reduce(0) { $0 + $1.byteCountMax }
      return byteCount <= byteCountMax ? .success(written(responses)) : nil
    } catch {
      return .failure(error)
    }
  }

  private func encoded(
    _ answers: [[NamedTensor]], _ frame: GenerateResponse.Frame
  ) -> Result<ByteBuffer, InferenceFailure> {
    do throws(InferenceFailure) {
      return .success(written(try responses(answers, frame)))
    } catch {
      return .failure(error)
    }
  }

  private func responses(
    _ answers: [[NamedTensor]], _ frame: GenerateResponse.Frame
  ) throws(InferenceFailure) -> [GenerateResponse] {
    var responses: [GenerateResponse] = []
    for outputs in answers {
      responses.append(
        try GenerateResponse(
          model: model, version: version, id: clientID, outputs: outputs, frame: frame))
    }
    return responses
  }

  /// With room before it, should it be the body of an answer.
  private func written(_ responses: [GenerateResponse]) -> ByteBuffer {
    let capacity = responses.reduce(0) { $0 + $1.byteCountMax }
    var body = AnswerHead.buffer(capacity: capacity)
    for response in responses {
      body.writeWithUnsafeMutableBytes(minimumWritableBytes: response.byteCountMax) {
        response.encode(into: $0)
      }
    }
    return body
  }
}
