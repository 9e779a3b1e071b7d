import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// Finds the codec of each request of a dialect, and begins its exchange.
struct DialectRoutes {
  let shared: FrontShared
  let connection: HTTPConnection

  func begin(_ route: Route) {
    do throws(InferenceFailure) {
      let address = try address(of: route)
      DialectExchange.begin(
        on: connection, address: address, reader: try reader(for: route), shared)
    } catch {
      connection.refuse(error)
    }
  }

  private func address(of route: Route) throws(InferenceFailure) -> ModelAddress {
    route.address.name.isEmpty ? try DefaultModel.address(shared) : route.address
  }

  private func reader(for route: Route) throws(InferenceFailure) -> any DialectReader {
    switch route.endpoint {
    case .v1Predict: return predictReader(route)
    case .v1Classify: return ExampleReader(.classify)
    case .v1Regress: return ExampleReader(.regress)
    case .v1Explain: return ExplanationReader(predictReader(route))
    case .explanations: return ExplanationReader(PlainPredictReader(.torchServe))
    case .invocations, .modelInvoke:
      let prefersJSON = connection.head.accept.lowercased().contains("json")
      return InvocationsReader(
        spoken: route.endpoint == .modelInvoke ? .sageMaker : spoken, prefersJSON: prefersJSON)
    case .predict: return PlainPredictReader(.predict)
    case .vertexPredict: return PlainPredictReader(.vertex)
    case .predictions: return PlainPredictReader(.torchServe)
    default: throw .unsupported(.path(route.path))
    }
  }

  private var spoken: Dialect? {
    (try? SpokenDialect.of(connection)) ?? nil  // The router has refused what is none.
  }

  /// An address with a version is TensorFlow Serving's, an event is KServe's.
  private func predictReader(_ route: Route) -> any DialectReader {
    let head = connection.head
    let dialect = spoken ?? (route.address.version == .any ? .kserve : .tensorFlow)
    let reader = PredictReader(dialect, inputs: spoken == .kserve ? .predictions : .outputs)
    let type = head.contentType.lowercased()
    if type.hasPrefix(CloudEventReader.structuredType) {
      return CloudEventReader(reader, attributes: nil)
    }
    return head.event.isEmpty ? reader : CloudEventReader(reader, attributes: head.event)
  }
}
