import Batching
import Inference
import Synchronization

/// The turns of one model's instances, where their runs occupy resources that all models share.
///
/// An order waits here, outside of every lock and on no thread, until its resources are granted; its
/// instance sees it only then.
final class RunTurns: Sendable {
  private struct State: Sendable {
    var seats: [RunLimiter.Seat] = []
    /// Orders that wait for their turn, by instance.
    var waiting: [Int: RunOrder] = [:]
  }

  private let limiter: RunLimiter
  private let start: @Sendable (RunOrder) -> Void
  private let state = Guarded(State())

  /// - Parameter start: hands an order to its instance; called on whichever thread made room for it.
  init(_ limiter: RunLimiter, start: @escaping @Sendable (RunOrder) -> Void) {
    self.limiter = limiter
    self.start = start
  }

  /// Takes a seat for each instance; before the first order. `leave` after a failure, too.
  func join(_ placements: [InstancePlacement]) throws(RuntimeFault) {
    for (instance, placement) in placements.enumerated() {
      let seat = try limiter.join(placement.limit, device: placement.device) { [weak self] in
        self?.turnCame(for: instance)
      }
      state.withLock { $0.seats.append(seat) }
    }
  }

  private func turnCame(for instance: Int) {
    if let order = state.withLock({ $0.waiting.removeValue(forKey: instance) }) { start(order) }
  }

  /// Runs the order when its turn comes, perhaps at once.
  func take(_ order: RunOrder) {
    if let seat = keep(order) { limiter.ask(seat) }
  }

  /// The instance's run is over; `next` is there already.
  func runEnded(on instance: Int, next: RunOrder?) {
    if let next {
      if let seat = keep(next) { limiter.endAndAsk(seat) }
    } else if let seat = seat(of: instance) {
      limiter.end(seat)
    }
  }

  /// `nil` after `leave`: what runs elsewhere may end later than its model.
  private func keep(_ order: RunOrder) -> RunLimiter.Seat? {
    state.withLock { state in
      guard order.instance < state.seats.count else { return nil }
      state.waiting[order.instance] = order
      return state.seats[order.instance]
    }
  }

  private func seat(of instance: Int) -> RunLimiter.Seat? {
    state.withLock { instance < $0.seats.count ? $0.seats[instance] : nil }
  }

  /// The order of that run, where it has not had its turn and never will now.
  func withdraw(_ mark: RunMark) -> RunOrder? {
    guard state.withLock({ $0.waiting[mark.instance]?.mark == mark }),
      let seat = seat(of: mark.instance), limiter.withdraw(seat)
    else { return nil }
    return state.withLock { $0.waiting.removeValue(forKey: mark.instance) }
  }

  /// Any order that has not had its turn and never will now.
  func withdrawAny() -> RunOrder? {
    for mark in state.withLock({ $0.waiting.values.map(\.mark) }) {
      if let order = withdraw(mark) { return order }
    }
    return nil
  }

  /// Gives back all seats, and what their runs occupied.
  func leave() {
    let seats = state.withLock { state in
      defer { state.seats = [] }
      return state.seats
    }
    for seat in seats { limiter.leave(seat) }
  }
}
