import Inference
import NIOHTTP1
import Serving
import WireFormats

/// Leads each request to what answers it.
struct Router {
  private let shared: FrontShared

  init(_ shared: FrontShared) { self.shared = shared }

  /// Answers the request whose head the connection has just taken, or hands it to an exchange.
  func begin(on connection: HTTPConnection) {
    let head = connection.head
    let method = head.method
    let route = connection.routeMemory.route(for: head.uri, method: method)
    connection.record.operation = connection.routeMemory.operation
    if method == .OPTIONS {
      connection.answer(
        Preflight.answer(to: head, route: route, settings: shared.settings))
      return
    }
    guard let route, route.endpoint.isOnMetricsPort || !connection.isMetricsOnly else {
      connection.refuse(.unsupported(.path(String(head.uri.prefix { $0 != "?" }.prefix(256)))))
      return
    }
    guard isDone(route.endpoint, by: method) else {
      let methods = route.endpoint.methods
      connection.refuse(.unsupported(.method(method.rawValue, allowed: methods)))
      return
    }
    lead(connection, along: route)
  }

  private func isDone(_ endpoint: Endpoint, by method: HTTPMethod) -> Bool {
    if method == .POST { return endpoint.isPost || endpoint.isChangeable }
    return !endpoint.isPost && (method == .GET || method == .HEAD)
  }

  private func lead(_ connection: HTTPConnection, along route: Route) {
    if let lock = route.endpoint.group.flatMap(shared.settings.restricted.lock),
      !lock.isOpened(by: connection.head.keys[lock.header])
    {
      connection.refuse(.forbidden(.restricted(header: lock.header)))
      return
    }
    if route.endpoint.isManagement, let refusal = ManagementGuard.refusal(of: connection, shared) {
      connection.refuse(refusal)
      return
    }
    switch route.endpoint {
    case .infer: InferExchange.begin(on: connection, address: route.address, shared)
    case .generate, .generateStream:
      GenerateExchange.begin(on: connection, route: route, shared)
    case .detect, .classify: VisionExchange.begin(on: connection, route: route, shared)
    case .metrics: MetricsAnswer.begin(on: connection, shared)
    case .modelStatistics, .allStatistics:
      StatisticsAnswer.begin(on: connection, route: route, shared)
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister, .traceSettings, .logSettings, .modelLoad,
      .modelUnload, .modelAliases, .repositoryIndex:
      connection.hand(to: ManagementExchange(connection, route, shared))
    case .page: connection.answer(PageAnswer.make(for: route, connection.head, shared))
    case .serverMetadata, .serverLive, .serverReady, .modelList, .modelMetadata, .modelConfig,
      .modelReady,
      .plainLive, .plainReady:
      StatusAnswers(shared: shared, connection: connection).answer(route)
    }
  }
}
