import GRPCFront
import HTTPFront
import Inference
import Serving
import Settings
import Vision

/// What a person reads when the server is up: where it is, what it serves, what to try.
struct StartLines {
  let addresses: [BoundAddress]
  /// Where gRPC is listened for; `nil` where it is turned off.
  let grpc: GRPCAddresses?
  /// Where it is listened for besides, for clients of other servers.
  let grpcProfiles: [(port: Int, dialect: Dialect)]
  let statuses: [ModelStatus]
  let settings: ServeSettings

  func tell() {
    Terminal.tell(lines.joined(separator: "\n"))
  }

  var lines: [String] {
    let base = url(of: addresses.first { !$0.isMetricsOnly && $0.profile == nil })
    var lines = ["apus \(Version.text) serves at \(base)"]
    for status in statuses { lines.append("  model    \(describe(status))") }
    if statuses.isEmpty { lines.append("  model    none\(reason)") }
    if let example = statuses.lazy.compactMap({ attempt($0, base) }).first {
      lines.append("  try      \(example)")
    }
    lines.append("  page     \(base)/")
    for address in addresses {
      guard let profile = address.profile else { continue }
      lines.append(
        "  \(profile.rawValue)  \(url(of: address))\(address.isMetricsOnly ? "/metrics" : "")")
    }
    if let metrics = addresses.first(where: { $0.isMetricsOnly && $0.profile == nil }) {
      lines.append("  metrics  \(url(of: metrics))/metrics")
    }
    for path in addresses.compactMap(\.socketPath) { lines.append("  socket   \(path)") }
    return lines + grpcLines(besides: addresses.first { !$0.isMetricsOnly && $0.profile == nil })
  }

  private func grpcLines(besides shared: BoundAddress?) -> [String] {
    guard let grpc else { return [] }
    var lines: [String] = []
    if let port = grpc.port {
      lines.append(
        "  gRPC     \(host(settings.host)):\(port)\(grpc.isEncrypted ? " with TLS" : "")")
    }
    if let shared, shared.isEncrypted {
      lines.append("  gRPC     \(host(settings.host)):\(shared.port) with TLS, beside REST")
    }
    if let path = grpc.socketPath { lines.append("  gRPC     unix:\(path)") }
    for profile in grpcProfiles {
      lines.append(
        "  gRPC     \(host(settings.host)):\(profile.port) for \(profile.dialect.rawValue)")
    }
    return lines
  }

  private var reason: String {
    settings.modelControlMode == .explicit
      ? ": `--load-model` names none, and POST /v2/repository/models/NAME/load loads one"
      : ": the directory is empty"
  }

  private func url(of address: BoundAddress?) -> String {
    guard let address else { return "" }
    return "\(address.isEncrypted ? "https" : "http")://\(host(address.host)):\(address.port)"
  }

  /// What a client on this machine calls it.
  private func host(_ bound: String) -> String {
    let isEverywhere = bound == "0.0.0.0" || bound == "::"
    let host = isEverywhere ? "127.0.0.1" : bound
    return host.contains(":") ? "[\(host)]" : host
  }

  private func describe(_ status: ModelStatus) -> String {
    if case .failed = status.state { return "\(status.name) FAILED, see above" }
    let task = status.signature.map { VisionTask.recognise(signature: $0).kind.name } ?? "none"
    let size = "\(status.footprintByteCount / 1024) KiB"
    return "\(status.name) version \(status.version) (\(status.runtimeName), "
      + (task == "none" ? "" : "\(task), ") + "\(status.instanceCount) instances, \(size))"
  }

  private func attempt(_ status: ModelStatus, _ base: String) -> String? {
    guard let signature = status.signature else { return nil }
    let model = "\(base)/v2/models/\(status.name)"
    switch VisionTask.recognise(signature: signature).kind {
    case .detect:
      return "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \(model)/detect"
    case .classify:
      return "curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \(model)/classify"
    case .refused, .none: return "curl \(model)"
    }
  }
}
