import Inference
import Serving
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct RouteTests {
  @Test func `finds the model and its version in a path`() {
    let plain = Route(target: "/v2/models/m/infer?x=1")
    #expect(plain?.endpoint == .infer)
    #expect(plain?.address == ModelAddress(name: "m"))
    #expect(plain?.query == "x=1")
    let versioned = Route(target: "/v2/models/a%2Fb%20c/versions/3/ready")
    #expect(versioned?.endpoint == .modelReady)
    #expect(versioned?.address == ModelAddress(name: "a/b c", version: .number(3)))
    #expect(Route(target: "/v2/models/m@best")?.address.version == .alias("best"))
    #expect(Route(target: "http://localhost:8000/v2/models/m")?.endpoint == .modelMetadata)
  }

  @Test(
    arguments: [
      ("/v2/systemsharedmemory/status", .systemMemoryStatus, ""),
      ("/v2/systemsharedmemory/region/a%2Fb/register", .systemMemoryRegister, "a/b"),
      ("/v2/systemsharedmemory/unregister", .systemMemoryUnregister, ""),
      ("/v2/cudasharedmemory/region/r/unregister", .cudaMemoryUnregister, "r"),
      ("/v2/trace/setting", .traceSettings, ""),
      ("/v2/models/m/trace/setting", .traceSettings, "m"),
      ("/v2/models/m/config", .modelConfig, "m"), ("/v2/logging", .logSettings, ""),
    ] as [(String, Endpoint, String)])
  func `finds the extensions`(_ target: String, _ endpoint: Endpoint, _ name: String) {
    let route = Route(target: target)
    #expect(route?.endpoint == endpoint && route?.address.name == name)
  }

  @Test(arguments: [
    "/v2/systemsharedmemory", "/v2/systemsharedmemory/region/r", "/v2/xsharedmemory/status",
    "/v2/systemsharedmemory/area/r/status", "/v2/models/m/trace", "/v2/trace",
    "/v3", "/v2/models/m/fly", "/v2/models/m/versions", "/v2/models/m/infer/x", "/v2/%zz",
    "/v2/models/%ff", "/assets", "*",
  ])
  func `finds nothing`(_ target: String) {
    #expect(Route(target: target) == nil)
  }

  @Test func `finds a model's method`() {
    let route = Route(target: "/v2/models/m/versions/2/methods/price?x=1")
    #expect(route?.endpoint == .modelMethod && route?.lastSegment == "price")
    #expect(route?.address == ModelAddress(name: "m", version: .number(2)))
  }

  @Test func `a method that is not there is refused with those that are`() throws {
    let front = try FrontFixture()
    let answer = front.post("/v2/models/echo/methods/price", "{}")
    #expect(answer.status == 404)
    #expect(answer.body.contains("no method `price`; its methods are: none"))
  }

  @Test func `answers 404 to unknown paths and 405 with what is allowed`() throws {
    let front = try FrontFixture()
    #expect(front.get("/nowhere").status == 404)
    let wrong = front.get("/v2/models/echo/infer")
    #expect(wrong.status == 405)
    #expect(wrong.header("Allow") == "POST, OPTIONS")
    #expect(
      front.send("OPTIONS /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n").header("Allow")
        == "GET, HEAD, OPTIONS")
  }

  @Test func `answers metrics and health alone on the metrics port`() throws {
    let front = try FrontFixture(isMetricsOnly: true)
    #expect(front.get("/v2/models").status == 404)
    #expect(front.get("/livez").status == 200)
    let sent = front.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect((sent + (sent.isEmpty ? front.awaitAnswer() : "")).body == "apus_up 1\n")
  }

  @Test func `sends the page with what protects it, and not again to whoever has it`() throws {
    let front = try FrontFixture()
    let page = front.get("/", "Accept: text/html\r\n")
    #expect(page.status == 200)
    #expect(page.header("Content-Security-Policy")?.hasPrefix("default-src 'self'") == true)
    #expect(page.header("X-Content-Type-Options") == "nosniff")
    let again = front.get("/", "Accept: text/html\r\nIf-None-Match: \"0\", W/\"1\"\r\n")
    #expect(again.status == 304)
    #expect(again.body == "")
    #expect(front.get("/assets/none.js").status == 404)
  }

  @Test func `answers health and metadata`() throws {
    let front = try FrontFixture()
    #expect(front.get("/v2/health/ready").body == #"{"ready":true}"#)
    #expect(front.get("/v2/models").body == #"{"models":["echo"]}"#)
    #expect(front.get("/v2/models/echo/ready").body == #"{"name":"echo","ready":true}"#)
    #expect(front.get("/v2/models/echo/versions/2/ready").status == 404)
    let metadata = front.get("/v2/models/echo/versions/1").body
    #expect(metadata.contains(#""platform":"fake""#))
    #expect(metadata.contains(#""task":"tensor""#))
    #expect(front.manage("/v2/repository/index").body.contains(#""state":"READY""#))
    #expect(front.manage("/v2/repository/index", "[]").status == 400)
    front.door.beginDraining()
    #expect(front.get("/v2/health/ready").status == 503)
    #expect(front.get("/v2/health/live").status == 200)
  }
}
