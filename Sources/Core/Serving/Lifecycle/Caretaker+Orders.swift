import Inference
import Synchronization

// What is asked of the caretaker.

extension Caretaker {
  func want(_ order: WantOrder) {
    let pending = PendingWant(order.completion)
    for specification in order.specifications {
      let key = ModelKey(name: specification.name, version: specification.version)
      let revision = desired.want(
        key, isOnDemand: order.isOnDemand, expectedByteCount: specification.source.byteCount,
        needs: specification.needs)
      specifications[key] = specification
      change(key) { facts in
        facts.faultCount = 0
        facts.retryAt = .never
      }
      if order.isOnDemand, loaded[key].served == nil {
        set(.dormant, key)
      } else {
        set(.loading, key)
        waiting.add(pending, for: key, revision)
      }
    }
    if let name = order.replaces {
      let wanted = order.keeps.union(order.specifications.map(\.version))
      desired.supersede(othersThan: wanted, of: name)
      for key in desired.keys(of: name) { open.review(key, desired, loaded) }
    }
    pending.answerIfComplete()
  }

  func unwant(_ order: UnwantOrder) {
    let keys = living.registry.withLock { $0.keys(name: order.name, version: order.version) }
    let leaving = living.registry.withLock { registry in
      keys.compactMap { registry.served($0)?.number }
    }
    for key in keys {
      let fault = ServerFault.limitReached("model \(key.name): it was unloaded meanwhile")
      waiting.settle(key, .max, fault)
      waiting.failWakes(of: key, .modelNotReady(name: key.name, state: .gone))
      release(key)
    }
    waiting.add(leaving: Set(leaving), order.completion)
  }

  func wake(_ order: WakeOrder) {
    // Meanwhile it may have come, or gone.
    do throws(InferenceFailure) {
      let lease = try living.registry.withLock { (registry) throws(InferenceFailure) in
        try registry.lease(order.address)
      }
      return order.completion(.success(lease))
    } catch {
      guard case .modelNotReady(_, let state) = error, state == .dormant || state == .loading,
        let key = living.registry.withLock({ $0.key(for: order.address) }),
        desired[key]?.isOnDemand == true
      else { return order.completion(.failure(error)) }
      let limit = living.surroundings.settings.waitingRequestsMax
      guard waiting.add(order, for: key, countMax: limit) else {
        return order.completion(
          .failure(.overloaded(limit: .waitingRequests(limit), retryAfter: .seconds(1))))
      }
      change(key) { $0.isAsked = true }
    }
  }
}

extension WakeOrder {
  func answer(_ lease: () throws(InferenceFailure) -> ModelLease) {
    do throws(InferenceFailure) {
      completion(.success(try lease()))
    } catch {
      completion(.failure(error))
    }
  }
}
