import Inference
import NIOCore
import WireFormats

/// Server reflection: which services there are, and what their messages look like.
final class ReflectionCall: GRPCCall {
  private let stream: GRPCStream
  private let package: String

  /// - Parameter version: `v1` or `v1alpha`, which are alike but for their name.
  init(_ stream: GRPCStream, version: String) {
    self.stream = stream
    package = "grpc.reflection.\(version)"
  }

  func receive(_ message: CallMessage) {
    guard case .bytes(let bytes, isPacked: false) = message else {
      stream.refuse(.unsupported(.contentEncoding("gzip")))
      return
    }
    do throws(InputProblem) {
      let request = try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
        try GRPCSchemas.documents.decode(bytes, as: "\(package).ServerReflectionRequest")
      }
      let answer = try GRPCSchemas.documents.encode(
        GRPCReflection.answer(to: request), as: "\(package).ServerReflectionResponse")
      stream.messageWasTaken()
      stream.send([AnswerBytes.framed(answer)])
    } catch {
      stream.refuse(.invalidInput(error))
    }
  }

  func end() { stream.finish() }

  func abandon() {}
}
