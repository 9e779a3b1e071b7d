import FrontSupport
import Inference
import NIOCore
import WireFormats

/// A message of a call, whole.
enum CallMessage: Sendable {
  /// As it came, to be unpacked first where `isPacked`.
  case bytes(ByteBuffer, isPacked: Bool)
  /// A `ModelInferRequest` that came in pieces.
  case infer(InferMessageBody.Parts)
  /// One that came in pieces, of which those that have come cannot be read; the rest is skipped.
  case unreadable(InputProblem)

  /// Bytes that it holds.
  var byteCount: Int {
    switch self {
    case .bytes(let bytes, _): bytes.readableBytes
    case .infer(let parts): parts.rawInputs.reduce(parts.head.count) { $0 + $1.byteCount }
    case .unreadable: 0
    }
  }
}

/// Cuts the bytes of a call into messages: a byte that says whether it is packed, four of length,
/// the message.
///
/// A message that comes in one piece is not copied. One that comes in several is collected, the raw
/// tensors of an inference straight into the memory where the model will find them; what is held
/// counts against a budget that all calls share.
struct MessageFraming {
  private enum Phase {
    case prefix
    case collecting(ByteBuffer, byteCount: Int, isPacked: Bool)
    case inferring(InferMessageBody, restByteCount: Int)
    case skipping(restByteCount: Int)
  }

  /// Messages are inferences, whose tensors may be taken out as they come.
  private let areInferences: Bool
  private let byteCountMax: Int
  private let budget: ByteBudget
  private let isPackingKnown: Bool
  private var phase = Phase.prefix
  private var prefix = ByteBuffer()
  private var taken = 0
  private(set) var receivedByteCount = 0

  /// What every call may hold without asking.
  private static let freeBytes = 64 << 10
  private static let prefixByteCount = 5

  /// - Parameter isPackingKnown: the call names a coding, so messages may be packed.
  init(areInferences: Bool, byteCountMax: Int, isPackingKnown: Bool, budget: ByteBudget) {
    self.areInferences = areInferences
    self.byteCountMax = byteCountMax
    self.isPackingKnown = isPackingKnown
    self.budget = budget
  }

  /// Whether part of a message has come and the rest has not.
  var isInsideMessage: Bool {
    if case .prefix = phase { return prefix.readableBytes > 0 }
    return true
  }

  /// What this call wants of a frame that begins.
  var wish: FrameDiversion.Wish {
    switch phase {
    case .prefix: return areInferences ? .beginning : .nothing
    case .collecting, .skipping: return .nothing
    case .inferring(let body, _):
      let missing = body.missingTensorByteCount
      if missing > 0 { return .bytes(missing) }
      // With so much before its tensors it has none that are raw.
      return body.headByteCount < Self.headBytesMax ? .beginning : .nothing
    }
  }

  /// Memory for the bytes that `next` is given next, where much of a tensor is missing.
  var openMemory: BodyMemory? {
    guard case .inferring(let body, _) = phase else { return nil }
    return body.openMemory
  }

  /// What comes before raw tensors is small.
  private static let headBytesMax = 16 << 10

  /// Takes the bytes in front of `bytes`; gives a message when one is whole, and `nil` when all bytes
  /// were taken. To be called until it does.
  mutating func next(_ bytes: inout ByteBuffer) throws(CallFailure) -> CallMessage? {
    while true {
      switch phase {
      case .prefix:
        guard let (byteCount, isPacked) = try readPrefix(&bytes) else { return nil }
        if bytes.readableBytes >= byteCount, let message = bytes.readSlice(length: byteCount) {
          return .bytes(message, isPacked: isPacked)
        }
        phase =
          areInferences && !isPacked
          ? .inferring(InferMessageBody(byteCount: byteCount), restByteCount: byteCount)
          : .collecting(ByteBuffer(), byteCount: byteCount, isPacked: isPacked)
      // Nothing else may hold what is filled while it is filled: it would be copied.
      case .collecting(var collected, let byteCount, let isPacked):
        phase = .prefix
        try collect(&bytes, into: &collected, byteCount)
        if collected.readableBytes == byteCount { return .bytes(collected, isPacked: isPacked) }
        phase = .collecting(collected, byteCount: byteCount, isPacked: isPacked)
        return nil
      case .inferring(var body, var restByteCount):
        phase = .prefix
        switch try infer(&bytes, into: &body, &restByteCount) {
        case nil: phase = .inferring(body, restByteCount: restByteCount)
        case .unreadable(let problem)?:
          phase = .skipping(restByteCount: restByteCount)
          return .unreadable(problem)
        case let message?: return message
        }
        return nil
      case .skipping(let restByteCount):
        let skipped = min(bytes.readableBytes, restByteCount)
        bytes.moveReaderIndex(forwardBy: skipped)
        guard skipped == restByteCount else {
          phase = .skipping(restByteCount: restByteCount - skipped)
          return nil
        }
        phase = .prefix
      }
    }
  }

  private mutating func readPrefix(
    _ bytes: inout ByteBuffer
  ) throws(CallFailure) -> (byteCount: Int, isPacked: Bool)? {
    let isSplit = prefix.readableBytes > 0 || bytes.readableBytes < Self.prefixByteCount
    if isSplit {
      let missing = Self.prefixByteCount - prefix.readableBytes
      if var part = bytes.readSlice(length: min(missing, bytes.readableBytes)) {
        prefix.writeBuffer(&part)
      }
      if prefix.readableBytes < Self.prefixByteCount { return nil }
    }
    let flag = isSplit ? prefix.readInteger(as: UInt8.self) : bytes.readInteger(as: UInt8.self)
    let length = isSplit ? prefix.readInteger(as: UInt32.self) : bytes.readInteger(as: UInt32.self)
    if isSplit { prefix.clear() }
    guard let flag, let length else { return nil }
    try check(flag: flag)
    guard length <= byteCountMax else {
      throw CallFailure(.tooLarge(.body(bytesMax: byteCountMax)))
    }
    return (Int(length), flag == 1)
  }

  private func check(flag: UInt8) throws(CallFailure) {
    if flag == 0 || (flag == 1 && isPackingKnown) { return }
    // What gRPC's document on compression asks for.
    throw CallFailure(
      .invalidInput(
        .framing(
          flag == 1
            ? "a message says that it is compressed, but the call has no grpc-encoding"
            : "a message begins with \(flag); it begins with 0, or 1 where it is compressed")),
      status: .internal)
  }

  private mutating func collect(
    _ bytes: inout ByteBuffer, into collected: inout ByteBuffer, _ byteCount: Int
  ) throws(CallFailure) {
    let wanted = min(bytes.readableBytes, byteCount - collected.readableBytes)
    guard var part = bytes.readSlice(length: wanted) else { return }
    try account(for: collected.readableBytes + part.readableBytes)
    if collected.writableBytes < part.readableBytes {
      // Grown to twice its size, so that a client's word alone reserves nothing.
      let needed = collected.readableBytes + part.readableBytes
      var larger = ByteBufferAllocator().buffer(
        capacity: max(needed, min(byteCount, collected.readableBytes * 2)))
      larger.writeImmutableBuffer(collected)
      collected = larger
    }
    collected.writeBuffer(&part)
  }

  private mutating func infer(
    _ bytes: inout ByteBuffer, into body: inout InferMessageBody, _ restByteCount: inout Int
  ) throws(CallFailure) -> CallMessage? {
    do throws(InputProblem) {
      if let part = bytes.readSlice(length: min(bytes.readableBytes, restByteCount)) {
        restByteCount -= part.readableBytes
        receivedByteCount += part.readableBytes
        try part.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
          try body.receive(bytes)
        }
      }
      if restByteCount == 0 {
        receivedByteCount = 0
        return .infer(try body.finish())
      }
    } catch {
      receivedByteCount = 0
      return .unreadable(error)
    }
    try account(for: receivedByteCount)
    return nil
  }

  /// In steps, so that a message of many pieces does not touch the shared counter for each.
  private mutating func account(for total: Int) throws(CallFailure) {
    let wanted = total - Self.freeBytes - taken
    guard wanted > 0 else { return }
    let step = max(wanted, Self.freeBytes)
    guard budget.take(step) else {
      throw CallFailure(
        .overloaded(limit: .waitingBytes(budget.byteCountMax), retryAfter: .seconds(1)))
    }
    taken += step
  }

  /// Lets go of what is counted; the message it was counted for has become tensors, or the call is
  /// over.
  mutating func giveBack() {
    budget.giveBack(taken)
    taken = 0
  }
}

/// Why a call got no answer, with a status of its own where gRPC prescribes one.
struct CallFailure: Error {
  let failure: InferenceFailure
  let status: GRPCStatus

  init(_ failure: InferenceFailure, status: GRPCStatus? = nil) {
    self.failure = failure
    self.status = status ?? GRPCFailures.status(for: failure)
  }
}
