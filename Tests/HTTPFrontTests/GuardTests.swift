import Inference
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct GuardTests {
  private func answer(
    host: String, _ headers: String = "", _ change: (inout HTTPFrontSettings) -> Void = { _ in }
  ) throws -> String {
    let front = try FrontFixture(changed: change)
    return front.send("GET /livez HTTP/1.1\r\nHost: \(host)\r\n\(headers)\r\n")
  }

  @Test(arguments: ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000"])
  func `goes by this machine's names`(_ host: String) throws {
    #expect(try answer(host: host).status == 200)
  }

  @Test(arguments: ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.2"])
  func `refuses a name that is not ours`(_ host: String) throws {
    #expect(try answer(host: host).status == 403)
  }

  @Test func `goes by names that the operator lists`() throws {
    #expect(
      try answer(host: "models.example") { $0.allowedHosts = ["Models.Example"] }.status == 200)
  }

  @Test func `goes by every name where it listens beyond this machine, unless some are listed`()
    throws
  {
    #expect(try answer(host: "models.example") { $0.host = "0.0.0.0" }.status == 200)
    let listed = try answer(host: "evil.example") {
      $0.host = "0.0.0.0"
      $0.allowedHosts = ["models.example"]
    }
    #expect(listed.status == 403)
  }

  @Test func `wants exactly one Host from HTTP 1.1`() throws {
    let front = try FrontFixture()
    #expect(front.send("GET /livez HTTP/1.1\r\n\r\n").status == 400)
    #expect(
      front.send("GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").status == 400)
  }

  @Test(arguments: ["http://evil.example", "null", "http://localhost:9999"])
  func `refuses pages of other origins`(_ origin: String) throws {
    #expect(try answer(host: "localhost:8000", "Origin: \(origin)\r\n").status == 403)
  }

  @Test func `serves its own pages`() throws {
    let own = try answer(host: "localhost:8000", "Origin: http://localhost:8000\r\n")
    #expect(own.status == 200)
    #expect(own.header("Access-Control-Allow-Origin") == nil)
  }

  @Test func `serves pages that CORS admits, and says so`() throws {
    let admitted = try answer(host: "localhost", "Origin: https://app.example\r\n") {
      $0.corsOrigins = ["https://app.example"]
    }
    #expect(admitted.status == 200)
    #expect(admitted.header("Access-Control-Allow-Origin") == "https://app.example")
    #expect(admitted.header("Vary") == "Origin")
    let other = try answer(host: "localhost", "Origin: https://evil.example\r\n") {
      $0.corsOrigins = ["https://app.example"]
    }
    #expect(other.status == 403)
  }

  @Test func `answers a preflight`() throws {
    let front = try FrontFixture { $0.corsOrigins = ["*"] }
    let answer = front.send(
      "OPTIONS /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.example\r\n"
        + "Access-Control-Request-Method: POST\r\n\r\n")
    #expect(answer.status == 204)
    #expect(answer.header("Access-Control-Allow-Methods") == "POST, OPTIONS")
    #expect(answer.header("Access-Control-Allow-Origin") == "*")
    #expect(answer.header("Content-Length") == nil)
  }

  @Test func `believes a caller header from trusted proxies only`() throws {
    for (peer, expected) in [("10.0.0.1", "team-a"), ("10.0.0.2", "10.0.0.2")] {
      let front = try FrontFixture(peer: peer) {
        $0.callerHeader = "X-Caller"
        $0.trustedProxies = ["10.0.0.1"]
      }
      _ = front.get("/livez", "x-caller: team-a\r\n")
      #expect(front.observer.records.first?.context.caller.name == expected)
    }
  }
}
