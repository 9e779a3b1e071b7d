package import Inference
import Synchronization

/// One place from which requests are submitted: an event loop, or any other thread.
///
/// Each has its own copy of the routes, so that no lock is shared between loops. An entrance made
/// for an event loop must be used on that loop only: cheap models run inside `submit`, on instances
/// that belong to the loop.
package final class Entrance: Sendable {
  /// Called once, on another thread, with the lease that was waited for.
  package typealias LeaseCompletion = @Sendable (Result<ModelLease, InferenceFailure>) -> Void

  /// Place of this entrance's instances in each model; `nil` off the event loops.
  private let loopIndex: Int?
  private let routes: Guarded<RouteTable>
  private let orders: CaretakerOrders

  init(loopIndex: Int?, routes: RouteTable, orders: CaretakerOrders) {
    self.loopIndex = loopIndex
    self.routes = Guarded(routes)
    self.orders = orders
  }

  func publish(_ route: RouteTable.Route?, for name: String) {
    let old = routes.withLock { $0.set(route, for: name) }
    // The old route may hold the last reference to a model: let go of it outside the lock.
    _ = old
  }

  /// Finds the version that an address means and keeps it in memory while the lease lives.
  package func lease(_ address: ModelAddress) throws(InferenceFailure) -> ModelLease {
    let found = routes.withLock { routes -> Result<ModelLease, InferenceFailure> in
      do throws(InferenceFailure) {
        return .success(try routes.lease(address))
      } catch {
        return .failure(error)
      }
    }
    return try found.get()
  }

  /// As `lease`; where the version is loaded on demand and not in memory now, gives `nil`, has it
  /// loaded, and calls `completion` with the lease or with why there is none, by `deadline` at the
  /// latest. Nothing blocks.
  package func lease(
    _ address: ModelAddress, waitingUntil deadline: Instant,
    _ completion: @escaping LeaseCompletion
  ) throws(InferenceFailure) -> ModelLease? {
    do throws(InferenceFailure) {
      return try lease(address)
    } catch {
      guard case .modelNotReady = error, routes.withLock({ $0.wakes(address) }) else {
        throw error
      }
      orders.give(.wake(WakeOrder(address: address, deadline: deadline, completion: completion)))
      return nil
    }
  }

  /// Submits a request. Failures go to the sink, as answers do: 0 or more parts, then one end,
  /// possibly before this returns.
  package func submit(
    _ request: InferenceRequest, to lease: ModelLease, sink: any ResponseSink
  ) -> RequestHandle {
    guard case .tensors(let tensors) = request.body else {
      sink.finish(ResponseEnd(outcome: .failed(.unsupported(.generation)), served: ServedPhases()))
      return .ended
    }
    return lease.model.core.submit(
      tensors, context: request.context, sink: sink, loopIndex: loopIndex)
  }
}
