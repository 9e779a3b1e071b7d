import FrontSupport
import Inference
import NIOCore

/// Bytes of one message, packed and then plain, that count against what all calls may hold, until it
/// has become something else.
struct HeldMessage: Sendable {
  private let budget: ByteBudget
  private var byteCount = 0

  /// What the one message of a call may have without being counted.
  private static let freeBytes = 64 << 10

  init(_ budget: ByteBudget) { self.budget = budget }

  /// Counts a message until it has been decoded; false where all calls together hold too much already.
  ///
  /// - Parameter isOneOfMany: others come on its call meanwhile, each of which may have to wait for a
  ///   worker or for its model: then small ones count, too.
  mutating func take(_ byteCount: Int, of stream: GRPCStream, isOneOfMany: Bool) -> Bool {
    if byteCount <= Self.freeBytes, !isOneOfMany { return true }
    // What it was counted for while it came.
    stream.messageWasTaken()
    guard budget.take(byteCount) else { return false }
    self.byteCount = byteCount
    return true
  }

  /// Takes over what a worker has counted.
  mutating func adopt(_ byteCount: Int) { self.byteCount = byteCount }

  mutating func letGo() {
    budget.giveBack(byteCount)
    byteCount = 0
  }

  var refusal: InferenceFailure {
    .overloaded(limit: .waitingBytes(budget.byteCountMax), retryAfter: .seconds(1))
  }

  /// What a message becomes, counted as soon as it is there. On a worker.
  func unpack(
    _ packed: ByteBuffer, byteCountMax: Int
  ) -> Result<ByteBuffer, InferenceFailure> {
    do throws(InferenceFailure) {
      let plain = try Unpacking.unpack(packed, .gzip, byteCountMax: byteCountMax)
      return budget.take(plain.readableBytes) ? .success(plain) : .failure(refusal)
    } catch {
      return .failure(error)
    }
  }
}
