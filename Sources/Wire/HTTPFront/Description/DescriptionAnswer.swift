import FrontSupport
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// Answers `/openapi.json`; the document is made by a worker.
final class DescriptionAnswer: Exchange {
  private var connection: HTTPConnection?

  static func begin(on connection: HTTPConnection, route: Route, _ shared: FrontShared) {
    do throws(InferenceFailure) {
      let request = try DescriptionRequest(route, connection, shared)
      let exchange = DescriptionAnswer(connection)
      connection.hand(to: exchange)
      let loop = connection.front.eventLoop
      let bound = NIOLoopBound(exchange, eventLoop: loop)
      shared.workers.run {
        let answer = request.answer()
        loop.execute { bound.value.finish(answer) }
      }
    } catch {
      connection.refuse(error)
    }
  }

  private init(_ connection: HTTPConnection) { self.connection = connection }

  private func finish(_ answer: Answer) {
    connection?.answer(answer)
    connection = nil
  }

  func receive(_ part: ByteBuffer) {}
  func end() {}
  func abandon() { connection = nil }
}

/// One such request as a value that goes to a worker.
private struct DescriptionRequest: Sendable {
  private let shared: FrontShared
  private var scope: DescriptionScope
  private let names: [String]
  /// Of the models that are described, as far as they are ready.
  private var leases: [ModelLease] = []
  private var selected: ModelLease?
  private var defaultModel: ModelLease?
  private let knownTags: String?

  init(
    _ route: Route, _ connection: HTTPConnection, _ shared: FrontShared
  ) throws(InferenceFailure) {
    self.shared = shared
    knownTags = connection.head.ifNoneMatch
    names = shared.door.modelNames
    scope = DescriptionScope(settings: shared.settings)
    scope.profile = connection.profile
    scope.management = Self.management(of: connection, shared)
    if let name = try Self.wantedModel(route.query) {
      selected = try connection.front.entrance.lease(ModelAddress(name: Substring(name)))
    } else {
      leases = names.prefix(DescriptionScope.modelCountMax).compactMap {
        Self.lease(named: $0, connection)
      }
    }
    if let name = shared.settings.defaultModel ?? (names.count == 1 ? names[0] : nil) {
      defaultModel = Self.lease(named: name, connection)
    }
  }

  /// `nil` for one that is not ready, whose signature nobody knows.
  private static func lease(named name: String, _ connection: HTTPConnection) -> ModelLease? {
    try? connection.front.entrance.lease(ModelAddress(name: Substring(name)))
  }

  private static func wantedModel(_ query: String) throws(InferenceFailure) -> String? {
    guard let pairs = PercentEncoding.pairs(in: query) else {
      throw .invalidInput(.parameter("query", expected: "percent-encoded UTF-8", got: query))
    }
    guard let name = pairs.first(where: { $0.name == "model" })?.value else { return nil }
    guard !name.isEmpty else {
      throw .invalidInput(.parameter("model", expected: "the name of a model", got: ""))
    }
    return name
  }

  private static func management(
    of connection: HTTPConnection, _ shared: FrontShared
  ) -> DescriptionScope.Management {
    if shared.settings.managementKey != nil { return .withKey }
    return ManagementGuard.refusal(of: connection, shared) == nil ? .open : .closed
  }

  /// On a worker.
  func answer() -> Answer {
    var scope = scope
    scope.isControlledByRequests = shared.repository?.isControlledByRequests ?? false
    scope.hasClientMemory = shared.extensions.memory.isOn
    scope.hasTracing = shared.extensions.tracing != nil
    scope.hasLogging = shared.extensions.logging != nil
    scope.modelNames = names
    scope.models = leases.map(described)
    scope.selected = selected.map(described)
    scope.defaultModel = defaultModel.map(described)
    let bytes = APIDescription(scope).bytes
    let etag = EntityTag.text(of: bytes)
    var answer: Answer
    if let knownTags, EntityTag.isNamed(etag, in: knownTags) {
      answer = Answer(status: 304)
    } else {
      answer = Answer(status: 200, contentType: Answer.json, bytes: bytes)
    }
    answer.headers = [("ETag", etag), ("Cache-Control", "no-cache")]
    return answer
  }

  private func described(_ lease: ModelLease) -> DescribedModel {
    let task = shared.visionTasks.task(for: lease)
    let kind: DescribedModel.Task =
      switch task.kind {
      case .detect: .detect
      case .classify: .classify
      case .refused, .none: .tensors
      }
    return DescribedModel(
      name: lease.name, version: lease.version, signature: lease.signature, task: kind,
      imageSize: task.imageSize.map { (width: $0.width, height: $0.height) },
      isDecoupled: lease.isDecoupled, takesSequences: lease.takesSequences)
  }
}
