import Glibc
import Inference
import NIOCore
import Serving
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct HTTPServerTests {
  private func server(
    port: Int = 0, changed change: (inout HTTPFrontSettings) -> Void = { _ in }
  ) -> (server: HTTPServer, door: InferenceServer) {
    var settings = HTTPFrontSettings()
    settings.port = port
    settings.loops = 2
    change(&settings)
    let observer = RecordingObserver()
    let door = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 2, observer: observer)
    let server = HTTPServer(
      settings: settings, door: door, observer: observer, pages: OnePage(), metrics: NoMetrics())
    return (server, door)
  }

  @Test func `reports the ports it got, answers there, and ends clean`() throws {
    let (server, door) = server { $0.metricsPort = 0 }
    let bound = try server.start()
    #expect(bound.map(\.isMetricsOnly) == [false, true])
    #expect(bound.allSatisfy { $0.port > 0 })
    let client = try Client(port: bound[0].port)
    #expect(client.ask("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
    #expect(server.connectionCounts.open == 1)
    server.stopAccepting()
    // The idle connection is closed from our side.
    #expect(client.ask("").isEmpty)
    #expect(server.close(until: MonotonicClock.now().advanced(by: .seconds(10))))
    door.shutDown()
  }

  @Test func `says that a port is taken`() throws {
    let (first, firstDoor) = server()
    let port = try first.start()[0].port
    let (second, secondDoor) = server(port: port)
    #expect(throws: ServerFault.portTaken(port: port)) { try second.start() }
    for (server, door) in [(first, firstDoor), (second, secondDoor)] {
      _ = server.close(until: MonotonicClock.now())
      door.shutDown()
    }
  }

  @Test func `turns a connection too many away and tells it so`() throws {
    let (server, door) = server { $0.limits.connectionCountMax = 1 }
    let port = try server.start()[0].port
    let first = try Client(port: port)
    #expect(first.ask("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").status == 200)
    let second = try Client(port: port)
    let answer = second.ask("")
    #expect(answer.status == 503)
    #expect(answer.header("Retry-After") == "1")
    #expect(server.connectionCounts.refused == 1)
    server.stopAccepting()
    _ = server.close(until: MonotonicClock.now().advanced(by: .seconds(10)))
    door.shutDown()
  }
}

/// A blocking client over a real socket.
final class Client {
  private let descriptor: Int32

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
    let descriptor = descriptor
    let status = address.withSockAddr { connect(descriptor, $0, socklen_t($1)) }
    try #require(status == 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Sends, and reads what comes back at once; empty where the other side has closed.
  func ask(_ text: String) -> String { ask(Array(text.utf8)) }

  func ask(_ sent: [UInt8]) -> String {
    _ = sent.withUnsafeBufferPointer { write(descriptor, $0.baseAddress, $0.count) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
