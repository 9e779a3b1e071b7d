import FrontSupport
import GRPCFront
import Glibc
import HTTPFront
import Inference
import Serving

/// Serves an identity model over HTTP and gRPC on one event loop, to measure the fronts alone:
///
///     taskset -c 0 FrontBench 8000 8001 &
///     taskset -c 1 wrk -t1 -c16 -d5s -s infer.lua http://127.0.0.1:8000/v2/models/identity/infer
@main
struct FrontBench {
  static func main() throws {
    signal(SIGPIPE, SIG_IGN)
    let observer = Silence()
    let door = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: observer)
    try door.load(
      ModelSpecification(
        name: "identity", source: .file(path: "identity"), loader: IdentityLoader()))
    var settings = HTTPFrontSettings()
    settings.port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 0
    let server = HTTPServer(
      settings: settings, door: door, observer: observer, pages: Silence(), metrics: Silence())
    if let port = CommandLine.arguments.dropFirst(2).first.flatMap({ Int($0) }) {
      var settings = GRPCFrontSettings()
      settings.port = port
      let server = GRPCServer(
        settings: settings, ground: server.ground, observer: observer, metrics: Silence())
      print("gRPC on port \(try server.start().port ?? 0)")
    }
    for bound in try server.start() { print("listening on \(bound.host):\(bound.port)") }
    fflush(nil)
    pause()
  }
}

/// Hears nothing, shows nothing.
struct Silence: EventObserver, FrontPages, FrontMetrics {
  func happened(_ event: InferenceEvent) {}
  func finished(_ record: RequestRecord) {}
  func page(atPath path: String) -> FrontPage? { nil }
  func metricsText() -> [UInt8] { [] }
  func statistics(name: String?, version: Int64?) -> [ModelStatistics] { [] }
}
