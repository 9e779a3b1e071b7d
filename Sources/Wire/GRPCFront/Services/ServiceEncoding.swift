import FrontSupport
import Inference
import NIOCore
import WireFormats

/// An answer that can be sent: its prefix and its bytes, in parts.
struct FramedAnswer: Sendable {
  let parts: [ByteBuffer]
  let byteCount: Int
}

/// An answer to be encoded; a value, so that it can go to a worker.
struct ServiceEncoding: Sendable {
  let answer: any ServiceAnswer
  let model: AnsweringModel
  /// Answers from here on are packed.
  let packedByteCountMin: Int

  func run(_ outputs: [NamedTensor]) -> Result<FramedAnswer, InferenceFailure> {
    do throws(InferenceFailure) {
      return framed(try answer.message(for: outputs, of: model))
    } catch {
      return .failure(error)
    }
  }

  func run(_ findings: [PhotoFindings]) -> Result<FramedAnswer, InferenceFailure> {
    do throws(InferenceFailure) {
      return framed(try answer.message(for: findings, of: model))
    } catch {
      return .failure(error)
    }
  }

  private func framed(_ message: ServiceMessage) -> Result<FramedAnswer, InferenceFailure> {
    guard message.byteCount <= Int(UInt32.max), let parts = Self.parts(of: message) else {
      return .failure(
        .unsupported(.other("outputs in device memory, or of more than 4 GiB")))
    }
    return .success(
      FramedAnswer(
        parts: message.byteCount >= packedByteCountMin ? AnswerBytes.packed(parts) : parts,
        byteCount: message.byteCount))
  }

  /// The prefix and the pieces: small ones side by side, large tensors as they lie in memory.
  private static func parts(of message: ServiceMessage) -> [ByteBuffer]? {
    var parts: [ByteBuffer] = []
    var current = ByteBufferAllocator().buffer(
      capacity: AnswerBytes.prefixByteCount + min(message.byteCount, 4 << 10))
    AnswerBytes.writePrefix(message.byteCount, isPacked: false, &current)
    for piece in message.pieces {
      switch piece {
      case .bytes(let bytes): current.writeBytes(bytes)
      case .tensor(let tensor):
        guard let bytes = tensor.hostBytes else { return nil }
        if bytes.count >= AdoptedBytes.byteCountMin, let adopted = AdoptedBytes.buffer(of: tensor) {
          parts += [current, adopted]
          current = ByteBuffer()
        } else {
          current.writeBytes(bytes)
        }
      }
    }
    if current.readableBytes > 0 { parts.append(current) }
    return parts
  }
}
