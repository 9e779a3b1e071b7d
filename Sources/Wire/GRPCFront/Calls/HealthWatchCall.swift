import Inference
import NIOCore
import Serving
import WireFormats

/// Whether services answer, as `grpc.health.v1` asks.
struct ServiceHealth {
  private let shared: GRPCShared

  init(_ shared: GRPCShared) { self.shared = shared }

  /// The server as a whole, and the service that carries its models.
  static let services = ["", "inference.GRPCInferenceService"]

  /// Whether new requests should come here; a model's name is a service, too. `nil` where nothing is
  /// known by that name.
  func isServing(_ service: String) -> Bool? {
    if Self.services.contains(service) { return shared.door.isReady }
    let statuses = shared.door.statuses(named: service)
    return statuses.isEmpty ? nil : statuses.contains { $0.state == .ready }
  }

  static func document(isServing: Bool?) -> JSONValue {
    let status = isServing.map { $0 ? "SERVING" : "NOT_SERVING" } ?? "SERVICE_UNKNOWN"
    return .object([.init("status", .string(status))])
  }
}

/// `grpc.health.v1.Health/Watch`: the state of a service, and each change of it within a second.
final class HealthWatchCall: GRPCCall {
  private let stream: GRPCStream
  private var service: String?
  private var last: JSONValue?

  init(_ stream: GRPCStream) { self.stream = stream }

  func receive(_ message: CallMessage) {
    guard service == nil, case .bytes(let bytes, isPacked: false) = message else {
      stream.refuse(
        .invalidInput(.framing("this call takes one message, which is not compressed")))
      return
    }
    do throws(InputProblem) {
      let request = try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
        try GRPCSchemas.documents.decode(bytes, as: "grpc.health.v1.HealthCheckRequest")
      }
      stream.messageWasTaken()
      service = request.text("service")
      tell()
    } catch {
      stream.refuse(.invalidInput(error))
    }
  }

  func end() {
    if service == nil {
      stream.refuse(.invalidInput(.framing("this call takes one message, and none came")))
    }
  }

  func secondPassed() { tell() }

  private func tell() {
    guard let service else { return }
    let state = ServiceHealth.document(
      isServing: ServiceHealth(stream.front.shared).isServing(service))
    guard state != last else { return }
    last = state
    do throws(InputProblem) {
      let bytes = try GRPCSchemas.documents.encode(
        state, as: "grpc.health.v1.HealthCheckResponse")
      stream.send([AnswerBytes.framed(bytes)])
    } catch {
      stream.refuse(.internalFault(FaultID("document-health")))
    }
  }

  func abandon() { service = nil }
}
