import FrontSupport
import Inference
import NIOHTTP1

/// What Vertex AI tells a container of its routes.
package struct VertexSettings: Sendable, Equatable {
  /// `AIP_PREDICT_ROUTE`.
  package var predictPath: String
  /// `AIP_HEALTH_ROUTE`.
  package var healthPath: String

  package init(predictPath: String, healthPath: String) {
    self.predictPath = predictPath
    self.healthPath = healthPath
  }
}

/// Leads Vertex AI's routes to ours.
enum VertexRoutes {
  /// The route of a request: Vertex's own where its path is one of those; where a client of Vertex
  /// says that it means another path (`X-Vertex-Ai-Triton-Redirect: v2/models/m/infer`), that one's.
  static func route(
    _ route: Route?, of connection: HTTPConnection, _ shared: FrontShared
  ) -> Route? {
    guard let vertex = shared.settings.vertex else { return route }
    let target = connection.head.uri.prefix { $0 != "?" }
    if target == vertex.predictPath {
      guard let path = connection.head.vertexRedirect else {
        return Route(.vertexPredict, path: String(target))
      }
      return Route(target: path.hasPrefix("/") ? path : "/" + path)
    }
    return target == vertex.healthPath ? Route(.plainReady, path: String(target)) : route
  }
}
