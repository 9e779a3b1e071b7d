import Inference
import Synchronization

/// One model version's part of the response cache.
struct AnswerKeeper: Sendable {
  private let cache: ResponseCache
  private let owner: UInt64

  init(_ cache: ResponseCache) {
    self.cache = cache
    owner = cache.openOwner()
  }

  /// A question that the cache may know, with its key.
  struct Lookup: Sendable {
    let question: Question
    let key: ResponseCacheState<KeptAnswer>.Key
  }

  /// `nil`, and counted, where the cache has nothing to do with a request.
  func lookup(_ tensors: TensorRequest, _ context: RequestContext) -> Lookup? {
    guard context.sequence == nil, let question = Question(tensors),
      question.byteCount + ResponseCache.entryOverheadBytes <= cache.entryBytesMax
    else {
      cache.noteSkipped()
      return nil
    }
    return Lookup(question: question, key: .init(owner: owner, hash: question.hash(cache.secret)))
  }

  func find(_ lookup: Lookup) -> ResponsePart? { cache.find(lookup.key, lookup.question) }

  func keep(_ response: ResponsePart, for lookup: Lookup) {
    cache.keep(response, to: lookup.question, at: lookup.key)
  }

  /// Nothing is found or kept any more, and what was kept is released.
  func close() { cache.close(owner) }
}

/// Stands before a request's own sink and keeps the answer, where it is whole, in one part and no
/// failure.
final class KeepingSink: ResponseSink {
  private struct Heard: Sendable {
    var partCount = 0
    var first: ResponsePart?
  }

  private let sink: any ResponseSink
  private let keeper: AnswerKeeper
  private let lookup: AnswerKeeper.Lookup
  private let lookupNanoseconds: UInt64
  private let heard = Guarded(Heard())

  init(
    _ sink: any ResponseSink, keeper: AnswerKeeper, lookup: AnswerKeeper.Lookup,
    lookupNanoseconds: UInt64
  ) {
    self.sink = sink
    self.keeper = keeper
    self.lookup = lookup
    self.lookupNanoseconds = lookupNanoseconds
  }

  func receive(_ part: ResponsePart) -> Demand {
    heard.withLock { heard in
      heard.partCount += 1
      heard.first = heard.partCount == 1 ? part : nil
    }
    return sink.receive(part)
  }

  func finish(_ end: ResponseEnd) {
    var served = end.served
    served.cacheUse = .miss
    served.cacheNanoseconds = lookupNanoseconds
    if case .done = end.outcome, let response = heard.withLock({ $0.first }) {
      let start = MonotonicClock.now()
      keeper.keep(response, for: lookup)
      served.cacheNanoseconds += MonotonicClock.now().nanoseconds(since: start)
    }
    sink.finish(ResponseEnd(outcome: end.outcome, served: served))
  }
}
