import Batching
import Inference
import Synchronization

/// Grants runs their resources, over all models; the shell around `RateLimiterState`.
///
/// Whoever is granted a turn is called outside the lock, on the thread that made it possible.
final class RunLimiter: Sendable {
  typealias Seat = RateLimiterState.Seat

  private struct Room: Sendable {
    var state: RateLimiterState
    var starts: [Seat: @Sendable () -> Void] = [:]
  }

  private let room: Guarded<Room>

  init(supplies: [ResourceSupply]) {
    room = Guarded(Room(state: RateLimiterState(supplies: supplies)))
  }

  /// A seat for an instance on that device. `start` is called whenever it is granted a turn.
  func join(
    _ policy: RateLimitPolicy, device: Int, start: @escaping @Sendable () -> Void
  ) throws(RuntimeFault) -> Seat {
    do {
      return try room.withLock { (room) throws(RateLimiterState.Refusal) in
        let seat = try room.state.join(policy, device: device)
        room.starts[seat] = start
        return seat
      }
    } catch {
      throw RuntimeFault(code: .invalidModel, message: error.sentence)
    }
  }

  func leave(_ seat: Seat) {
    grant { room in
      room.starts[seat] = nil
      return room.state.leave(seat)
    }
  }

  func ask(_ seat: Seat) { grant { $0.state.ask(seat) } }

  func end(_ seat: Seat) { grant { $0.state.end(seat) } }

  func endAndAsk(_ seat: Seat) { grant { $0.state.endAndAsk(seat) } }

  /// False where the seat does not wait for a turn: it was granted one.
  func withdraw(_ seat: Seat) -> Bool {
    var hasWaited = false
    grant { room in
      guard let granted = room.state.withdraw(seat) else { return [] }
      hasWaited = true
      return granted
    }
    return hasWaited
  }

  private func grant(_ change: (inout Room) -> [Seat]) {
    let starts = room.withLock { room in change(&room).compactMap { room.starts[$0] } }
    for start in starts { start() }
  }
}

extension RateLimiterState.Refusal {
  fileprivate var sentence: String {
    switch self {
    case .neverEnough(let resource, let claimed, let count):
      "its rate_limiter asks for \(claimed) of the resource \(resource), and "
        + "rate-limit-resource sets \(count)"
    case .mixedScope(let resource):
      "its rate_limiter and another model's disagree about the resource \(resource): it is global "
        + "in one and a device's in the other"
    }
  }
}
