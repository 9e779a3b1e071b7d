import FrontSupport
import Inference
import NIOCore
import WireFormats

/// Turns a collected body into a request; a value, so that it can go to a worker.
struct DialectDecoding: Sendable {
  let reader: any DialectReader
  let facts: BodyFacts
  let coding: ContentCoding
  let bodyBytesMax: Int

  struct Product: Sendable {
    let request: DialectRequest
    /// Unpacked, for what is a range of it.
    let plainBody: ByteBuffer
  }

  func run(_ body: ByteBuffer) -> Result<Product, InferenceFailure> {
    do throws(InferenceFailure) {
      let plain =
        coding == .identity
        ? body : try Unpacking.unpack(body, coding, byteCountMax: bodyBytesMax)
      let request = try plain.withUnsafeReadableBytes { bytes throws(InferenceFailure) in
        let request = try reader.read(bytes, facts)
        do throws(InputProblem) {
          return try request.withNamedOutputs(of: facts.signature)
        } catch {
          throw .invalidInput(error)
        }
      }
      return .success(Product(request: request, plainBody: plain))
    } catch {
      return .failure(error)
    }
  }
}

/// Turns the text of an answer into one that can be sent: written straight into the buffer that
/// leaves, binary tensors as they lie in memory.
enum DialectEncoding {
  static func answer(_ text: AnswerText) -> Result<Answer, InferenceFailure> {
    var body = AnswerHead.buffer(capacity: text.byteCountMax)
    let byteCount = body.writeWithUnsafeMutableBytes(minimumWritableBytes: text.byteCountMax) {
      text.write(into: $0)
    }
    var answer = Answer(status: 200, contentType: text.contentType, body: body)
    answer.headers = text.headers
    guard !text.binaryTensors.isEmpty else { return .success(answer) }
    for tensor in text.binaryTensors where tensor.byteCount > 0 {
      guard let bytes = AdoptedBytes.buffer(of: tensor) else {
        return .failure(.unsupported(.other("outputs in device memory")))
      }
      answer.tail.append(bytes)
    }
    switch text.framing {
    case .plain: break
    case .openInference:
      answer.contentType = "application/octet-stream"
      answer.headers.append(("Inference-Header-Content-Length", "\(byteCount)"))
    case .sageMaker:
      answer.contentType = nil
      answer.ownContentType = SageMakerContent.type(jsonByteCount: byteCount)
    }
    return .success(answer)
  }
}
