import Inference
import Synchronization

/// An answer with the question that it answers.
final class KeptAnswer: Sendable {
  let question: Question
  let response: ResponsePart

  init(question: Question, response: ResponsePart) {
    self.question = question
    self.response = response
  }
}

/// What the response cache holds at one moment, and what it did since the start.
package struct ResponseCacheFigures: Sendable, Equatable {
  package var entryCount = 0
  package var byteCount = 0
  /// Answers that had to make room for others.
  package var evictedCount = 0
  /// Requests to models with the cache that it had nothing to do with: too large, of a sequence, or
  /// in memory that may change.
  package var skippedCount = 0
}

/// Answers of all models that keep them, within one bound of bytes.
///
/// Bytes are hashed, compared and released outside its lock.
final class ResponseCache: Sendable {
  /// What an answer takes beside the bytes of its tensors: objects, slots and table, rounded up.
  static let entryOverheadBytes = 1_024
  /// Slots that are looked through under the lock at a time.
  private static let slotsAtOnce = 1_024

  let byteCountMax: Int
  let secret: ByteHash.Secret
  private let state: Guarded<ResponseCacheState<KeptAnswer>>
  private let skippedCount = Atomic<Int>(0)

  init(byteCountMax: Int) {
    self.byteCountMax = byteCountMax
    var generator = SystemRandomNumberGenerator()
    secret = ByteHash.Secret(&generator)
    state = Guarded(ResponseCacheState(byteCountMax: byteCountMax))
  }

  /// The largest answer with its question that is kept: a sixteenth of the cache. Questions above it
  /// are not even hashed.
  var entryBytesMax: Int { byteCountMax / 16 }

  var figures: ResponseCacheFigures {
    state.withLock { state in
      ResponseCacheFigures(
        entryCount: state.count, byteCount: state.byteCount,
        evictedCount: Int(clamping: state.evictedCount),
        skippedCount: skippedCount.load(ordering: .relaxed))
    }
  }

  func openOwner() -> UInt64 { state.withLock { $0.openOwner() } }

  /// Lets go of all that was kept for a model version, and keeps nothing more for it.
  func close(_ owner: UInt64) {
    var slotCount = state.withLock { state in
      state.close(owner)
      return state.slotCount
    }
    while slotCount > 0 {
      let start = max(0, slotCount - Self.slotsAtOnce)
      // Released here, after the lock.
      _ = state.withLock { $0.removeClosed(inSlots: start..<slotCount) }
      slotCount = start
    }
  }

  func noteSkipped() { skippedCount.wrappingAdd(1, ordering: .relaxed) }

  func find(_ key: ResponseCacheState<KeptAnswer>.Key, _ question: Question) -> ResponsePart? {
    guard let candidate = state.withLock({ $0.find(key) }),
      candidate.question.isSame(as: question)
    else { return nil }
    return candidate.response
  }

  /// Keeps an answer, unless it is too large.
  func keep(
    _ response: ResponsePart, to question: Question,
    at key: ResponseCacheState<KeptAnswer>.Key
  ) {
    var byteCount = Self.entryOverheadBytes + question.byteCount
    for output in response.outputs {
      guard output.tensor.storage.location == .host else { return }
      byteCount += output.tensor.byteCount
    }
    guard byteCount <= entryBytesMax else { return }
    let outputs = response.outputs.map { NamedTensor(name: $0.name, tensor: $0.tensor.alone()) }
    let kept = KeptAnswer(question: question.alone(), response: ResponsePart(outputs: outputs))
    let removed = state.withLock { $0.keep(kept, at: key, byteCount: byteCount) }
    // What made room is released here, after the lock.
    _ = removed
  }
}
