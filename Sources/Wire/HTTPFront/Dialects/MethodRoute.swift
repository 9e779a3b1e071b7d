import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// Begins the exchange of a request to one of a model's methods: bodies as `/predictions` takes them, and
/// of a model that answers in parts, what generate takes.
struct MethodRoute {
  let shared: FrontShared
  let connection: HTTPConnection

  func begin(_ route: Route) {
    connection.record.isInference = true
    let name = route.lastSegment
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(route.address)
      connection.record.model = lease.name
      connection.hand(to: try exchange(lease, name))
    } catch {
      WakingExchange.begin(after: error, on: connection, address: route.address, shared) {
        (lease) throws(InferenceFailure) in try exchange(lease, name)
      }
    }
  }

  private func exchange(
    _ lease: ModelLease, _ name: String
  ) throws(InferenceFailure) -> any Exchange {
    let signature = lease.signature
    guard let method = signature.methodNumber(named: name) else {
      throw .unsupported(
        .modelMethod(name, model: lease.name, known: signature.methods.map(\.name)))
    }
    if lease.isDecoupled {
      return GenerateExchange(connection, lease, shared, isStream: true, method: method)
    }
    return DialectExchange(
      connection, lease, PlainPredictReader(.predict), shared, method: method)
  }
}
