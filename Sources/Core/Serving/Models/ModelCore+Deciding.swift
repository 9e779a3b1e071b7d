import Batching
import Inference
import Synchronization

extension ModelCore {
  /// Decides under the lock; what is to be done comes back, for outside of it.
  func decide(
    _ change: (inout Shelf, inout ShelfActions) -> QueueDecision
  ) -> ShelfActions {
    shelf.withLock { shelf in
      var actions = ShelfActions()
      let decision = change(&shelf, &actions)
      actions.runsInline = decision.runsInline
      actions.isDrained = decision.isDrained
      if decision.runsInline { return actions }
      actions.mayStartMore = decision.mayStartMore
      actions.stop = decision.stop
      for failure in decision.fail {
        if let request = shelf.take(failure.ticket) {
          actions.failed.append((request, failure.reason))
        }
      }
      actions.run = decision.run.map { shelf.order(of: $0) }
      actions.leaving = shelf.takeLeaving(isContinuing: false)
      actions.depth = shelf.queue.waitingCount
      if let next = shelf.queue.nextWake, next < shelf.wakeAt {
        shelf.wakeAt = next
        actions.wakeAt = next
      }
      return actions
    }
  }

  func act(_ actions: ShelfActions) {
    if let order = actions.run {
      if let turns { turns.take(order) } else { runners.take(order) }
    }
    for mark in actions.stop { stop(mark) }
    for (request, reason) in actions.failed {
      end(request, with: failure(for: reason, of: request))
    }
    if let wakeAt = actions.wakeAt { surroundings.clock.wake(self, at: wakeAt) }
    surroundings.observer.happened(
      .queueDepthChanged(name: name, version: version, depth: actions.depth))
    if let leaving = actions.leaving { deliverInOrder(leaving) }
    if actions.isDrained { noteDrained() }
    if actions.mayStartMore { timePassed() }
  }

  private func stop(_ mark: RunMark) {
    if let order = turns?.withdraw(mark) {
      runIsNotMade(order)
    } else {
      runners[mark.instance]?.stopRun(mark.number)
    }
  }

  /// Only one thread delivers ordered answers at a time, and takes along what others add meanwhile.
  private func deliverInOrder(_ answers: [Answer]) {
    var next: [Answer]? = answers
    while let answers = next {
      for answer in answers { deliver(answer) }
      next = shelf.withLock { $0.takeLeaving(isContinuing: true) }
    }
  }
}
