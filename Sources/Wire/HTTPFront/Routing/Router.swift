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
    var route = connection.routeMemory.route(for: head.uri, method: method)
    connection.record.operation = connection.routeMemory.operation
    if shared.settings.vertex != nil { route = VertexRoutes.route(route, of: connection, shared) }
    if method == .OPTIONS, route?.path == "/", head.corsMethod == nil {
      connection.answer(
        Answer(
          status: 200, contentType: Answer.json,
          bytes: TorchServeDocuments.addresses(version: shared.settings.version)))
      return
    }
    if method == .OPTIONS {
      connection.answer(
        Preflight.answer(to: head, route: route, settings: shared.settings))
      return
    }
    guard let route, route.endpoint.isOnMetricsPort || !connection.isMetricsOnly else {
      connection.refuse(.unsupported(.path(String(head.uri.prefix { $0 != "?" }.prefix(256)))))
      return
    }
    do throws(InferenceFailure) {
      try note(route, on: connection)
    } catch {
      connection.refuse(error)
      return
    }
    guard isDone(route.endpoint, by: method) else {
      let methods = route.endpoint.methods
      connection.refuse(.unsupported(.method(method.rawValue, allowed: methods)))
      return
    }
    lead(connection, along: route)
  }

  /// Notes in which dialect a request is answered, as far as its head tells.
  private func note(_ route: Route, on connection: HTTPConnection) throws(InferenceFailure) {
    let spoken = try SpokenDialect.of(connection)
    if let dialect = route.endpoint.dialect {
      connection.record.context.dialect = spoken ?? dialect
    }
  }

  /// The same for a request that is refused before anybody asks where it leads.
  func noteDialect(on connection: HTTPConnection) {
    let head = connection.head
    let route = connection.routeMemory.route(for: head.uri, method: head.method)
    // An unknown dialect is not what the request is refused for.
    if let route { try? note(route, on: connection) }
  }

  private func isDone(_ endpoint: Endpoint, by method: HTTPMethod) -> Bool {
    endpoint.methods.contains(method.rawValue)
  }

  private func lead(_ connection: HTTPConnection, along route: Route) {
    if let lock = route.endpoint.group.flatMap(shared.settings.restricted.lock),
      !lock.isOpened(by: connection.head.keys[lock.header])
    {
      connection.refuse(.forbidden(.restricted(header: lock.header)))
      return
    }
    if route.endpoint.isManagement(connection.head.method),
      let refusal = ManagementGuard.refusal(of: connection, shared)
    {
      connection.refuse(refusal)
      return
    }
    switch route.endpoint {
    case .infer: InferExchange.begin(on: connection, address: route.address, shared)
    case .generate, .generateStream:
      GenerateExchange.begin(on: connection, route: route, shared)
    case .modelMethod: MethodRoute(shared: shared, connection: connection).begin(route)
    case .detect, .classify: VisionExchange.begin(on: connection, route: route, shared)
    case .metrics: MetricsAnswer.begin(on: connection, shared)
    case .modelStatistics, .allStatistics:
      StatisticsAnswer.begin(on: connection, route: route, shared)
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister, .traceSettings, .logSettings, .modelLoad,
      .modelUnload, .modelAliases, .repositoryIndex:
      connection.hand(to: ManagementExchange(connection, route, shared))
    case .description: DescriptionAnswer.begin(on: connection, route: route, shared)
    case .page: connection.answer(PageAnswer.make(for: route, connection.head, shared))
    case .v1Predict, .v1Explain, .v1Classify, .v1Regress, .invocations, .predict, .vertexPredict,
      .modelInvoke, .predictions, .explanations:
      DialectRoutes(shared: shared, connection: connection).begin(route)
    case .modelRegister, .modelEntry, .modelDefault:
      connection.hand(to: ForeignManagementExchange(connection, route, shared))
    case .v1ModelList, .v1ModelStatus, .v1Metadata, .ping, .programVersion, .serverMetadata,
      .serverLive, .serverReady, .modelList, .modelMetadata, .modelConfig, .modelReady,
      .plainLive, .plainReady:
      StatusAnswers(shared: shared, connection: connection).answer(route)
    }
  }
}
