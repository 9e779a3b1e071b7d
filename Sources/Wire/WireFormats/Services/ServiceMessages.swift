package import Inference

/// Reads the messages of one call of another server's service, and says how they are answered. Pure:
/// a value that may go to a worker.
package protocol ServiceReader: Sendable {
  /// What has to be known of a message before its model is.
  func head(_ message: UnsafeRawBufferPointer) throws(InputProblem) -> ServiceHead
  func read(
    _ message: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> ServiceRequest
}

/// Which model a message is for, and how much work reading it will be.
package struct ServiceHead: Sendable {
  package let address: ModelAddress
  /// Bytes of tensors that the message stands for, which may be many more than its own.
  package var tensorByteCount = 0
  /// By which a stream's answers name the request that they are for.
  package var sequenceID: String?

  package init(address: ModelAddress) { self.address = address }
}

/// A request out of a message, decoded: what is to be computed, and how its answer is to be written.
package struct ServiceRequest: Sendable {
  package let content: DialectRequest.Content
  package let answer: any ServiceAnswer
  package var sequence: SequenceMark?
  /// 1 is the most urgent; 0 means the model's default.
  package var priority: UInt32 = 0
  package var timeoutMicroseconds: UInt64?

  init(content: DialectRequest.Content, answer: any ServiceAnswer) {
    self.content = content
    self.answer = answer
  }
}

/// Writes the answers to one request. Pure: a value that may go to a worker.
package protocol ServiceAnswer: Sendable {
  /// Of the model's outputs.
  func message(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage
  /// Of what was found in photos, in the order in which they came.
  func message(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage
}

/// A message in pieces, to be sent one behind the other: large tensors as they lie in memory.
package struct ServiceMessage: Sendable {
  package enum Piece: Sendable {
    case bytes([UInt8])
    case tensor(Tensor)
  }

  package private(set) var pieces: [Piece] = []
  package private(set) var byteCount = 0

  package init(_ bytes: [UInt8]) { append(bytes) }

  init() {}

  mutating func append(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    byteCount += bytes.count
    pieces.append(.bytes(bytes))
  }

  mutating func append(_ tensor: Tensor) {
    byteCount += tensor.byteCount
    pieces.append(.tensor(tensor))
  }
}
