import FrontSupport
import Inference
import NIOCore

/// A body that is needed whole, put together from its parts.
///
/// A body that comes in one part is not copied. What is held beyond a small body counts against a
/// budget that all connections share.
struct CollectedBody {
  private(set) var bytes = ByteBuffer()
  private var hasParts = false
  private let expectedByteCount: Int?
  private let budget: ByteBudget
  private var taken = 0

  /// Bytes that are reserved at a client's word alone.
  private static let reservedBytesMax = 1 << 20
  /// What every connection may hold without asking.
  private static let freeBytes = 64 << 10

  init(expectedByteCount: Int?, budget: ByteBudget) {
    self.expectedByteCount = expectedByteCount
    self.budget = budget
  }

  var byteCount: Int { bytes.readableBytes }

  /// Adds a part; throws where the server holds too much already.
  mutating func append(_ part: ByteBuffer) throws(InferenceFailure) {
    var part = part
    guard hasParts else {
      // Mostly one small read; a large one is what another exchange has collected.
      try account(for: part.readableBytes)
      hasParts = true
      bytes = part
      return
    }
    let total = bytes.readableBytes + part.readableBytes
    try account(for: total)
    if bytes.writableBytes < part.readableBytes { grow(to: total) }
    bytes.writeBuffer(&part)
  }

  /// What was collected has become something else: unpacked it may be a thousand times as large.
  mutating func become(_ plain: ByteBuffer) throws(InferenceFailure) {
    giveBack()
    hasParts = false
    try append(plain)
  }

  private mutating func account(for total: Int) throws(InferenceFailure) {
    let wanted = total - Self.freeBytes - taken
    guard wanted > 0 else { return }
    // In steps, so that a body of many parts does not touch the shared counter for each.
    let step = max(wanted, Self.freeBytes)
    guard budget.take(step) else {
      throw .overloaded(
        limit: .waitingBytes(budget.byteCountMax), retryAfter: .seconds(1))
    }
    taken += step
  }

  private mutating func grow(to total: Int) {
    let promised = min(expectedByteCount ?? 0, Self.reservedBytesMax)
    var larger = ByteBufferAllocator().buffer(
      capacity: max(total, promised, bytes.readableBytes * 2))
    larger.writeImmutableBuffer(bytes)
    bytes = larger
  }

  /// Lets go of what was collected; at the latest at the end of the request.
  mutating func giveBack() {
    bytes = ByteBuffer()
    budget.giveBack(taken)
    taken = 0
  }
}
