import Inference
import Serving
import Synchronization
import TestSupport
import Testing
import WireFormats

@testable import HTTPFront

private let loadPath = "/v2/repository/models/m/load"

extension FrontFixture {
  /// Posts, and waits for what a worker makes of it.
  func manage(_ path: String, _ body: String = "", _ headers: String = "") -> String {
    let now = post(path, body, headers)
    return now.isEmpty ? awaitAnswer() : now
  }
}

@Suite(.timeLimit(.minutes(1))) struct ManagementTests {
  @Test func `a load passes on what came with it and answers when it is done`() throws {
    let front = try FrontFixture()
    #expect(
      front.manage(loadPath, #"{"parameters":{"config":"{}","file:1/x":"aGk="}}"#).status == 200)
    let loads = front.repository.loads.withLock { $0 }
    #expect(loads.map(\.name) == ["m"])
    #expect(loads[0].request.files == [.init(path: "1/x", bytes: [104, 105])])
    let refused = front.manage("/v2/repository/models/no/load")
    #expect(refused.status == 400)
    #expect(refused.body.contains("it is cut off"))
    #expect(front.manage("/v2/repository/any/models/m/load").status == 200)
  }

  @Test func `an unload says whether dependents go, too`() throws {
    let front = try FrontFixture()
    let path = "/v2/repository/models/m/unload"
    #expect(front.manage(path).status == 200)
    #expect(front.manage(path, #"{"parameters":{"unload_dependents":true}}"#).status == 200)
    #expect(front.repository.unloads.withLock { $0.map(\.withDependents) } == [false, true])
    #expect(front.manage(path, "[").status == 400)
  }

  @Test(arguments: ["10.0.0.7", "192.168.1.1"])
  func `from afar nobody manages, and everybody may look`(_ peer: String) throws {
    let front = try FrontFixture(peer: peer)
    let refused = front.post(loadPath, "")
    #expect(refused.status == 403)
    #expect(refused.body.contains("unless a key is set"))
    #expect(front.repository.loads.withLock { $0.isEmpty })
    #expect(front.manage("/v2/repository/index").status == 200)
  }

  @Test func `what a proxy on this machine passes on is no word of this machine`() throws {
    let front = try FrontFixture { settings in
      settings.callerHeader = "x-caller"
      settings.trustedProxies = ["127.0.0.1"]
    }
    #expect(front.post(loadPath, "").status == 403)
  }

  @Test func `with a key whoever has it manages, and nobody else`() throws {
    let far = try FrontFixture(peer: "10.0.0.7") { $0.managementKey = "s3cret" }
    #expect(far.manage(loadPath, "", "Authorization: Bearer s3cret\r\n").status == 200)
    #expect(far.manage(loadPath, "", "authorization: bearer s3cret\r\n").status == 200)
    for header in [
      "", "Authorization: Bearer s3cre\r\n", "Authorization: Bearer s3cret1\r\n",
      "Authorization: Basic s3cret\r\n", "Authorization: s3cret\r\n", "Authorization: Bearer\r\n",
    ] {
      #expect(far.post(loadPath, "", header).status == 401)
    }
    let near = try FrontFixture { $0.managementKey = "s3cret" }
    #expect(near.post(loadPath, "").status == 401)
  }

  @Test func `aliases are set by request and lead to their version`() throws {
    let front = try FrontFixture()
    let path = "/v2/repository/models/echo/aliases"
    #expect(front.manage(path, #"{"stable":1}"#).status == 200)
    #expect(front.get("/v2/models/echo@stable").status == 200)
    #expect(front.get("/v2/models/echo/versions/stable/ready").status == 200)
    #expect(front.manage(path, #"{"stable":null}"#).status == 200)
    #expect(front.get("/v2/models/echo@stable").status == 404)
    #expect(front.manage(path, #"{"7":1}"#).status == 400)
    #expect(front.manage("/v2/repository/models/x/aliases", #"{"a":1}"#).status == 404)
    #expect(front.repository.aliasChanges.withLock { $0 } == ["echo", "echo"], "it may keep them")
  }

  @Test func `the index lists what rests in the repository, unless only what is ready is asked`()
    throws
  {
    let front = try FrontFixture()
    #expect(front.manage("/v2/repository/index", "{}").body.contains(#"{"name":"resting"}"#))
    #expect(!front.manage("/v2/repository/index", #"{"ready":true}"#).body.contains("resting"))
  }

  @Test func `statistics are there for all, one model, one version and an alias`() throws {
    let front = try FrontFixture()
    try front.door.setAliases(["live": 1], of: "echo")
    for path in [
      "/v2/models/stats", "/v2/models/echo/stats", "/v2/models/echo/versions/1/stats",
      "/v2/models/echo@live/stats",
    ] {
      let now = front.get(path)
      let answer = now.isEmpty ? front.awaitAnswer() : now
      #expect(answer.status == 200, "\(path)")
      #expect(answer.body.contains(#""execution_count":3"#))
    }
    for path in [
      "/v2/models/x/stats", "/v2/models/echo/versions/9/stats", "/v2/models/echo@x/stats",
    ] {
      #expect(front.get(path).status == 404, "\(path)")
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct WakingTests {
  /// A front whose model `late` is loaded on demand.
  private func front(loads: FakeLoader) throws -> FrontFixture {
    let front = try FrontFixture()
    front.door.load(
      [ModelSpecification(name: "late", source: .file(path: "late"), loader: loads)],
      isOnDemand: true
    ) { _ in }
    #expect(eventually { front.door.statuses(named: "late").first?.state == .dormant })
    return front
  }

  @Test func `the first request waits for its model and is answered by it`() throws {
    let front = try front(loads: FakeLoader { FakeModel() })
    #expect(front.get("/v2/models/late").status == 503)
    #expect(front.get("/v2/health/ready").status == 200)
    let now = front.post("/v2/models/late/infer", oneNumber)
    let answer = now.isEmpty ? front.awaitAnswer() : now
    #expect(answer.status == 200)
    #expect(answer.body.contains("1.5"))
    #expect(front.get("/v2/models/late").status == 200)
  }

  @Test func `a body that comes while the model is loading is kept`() throws {
    let isOpen = Gate()
    let front = try front(
      loads: FakeLoader {
        isOpen.pass { false }
        return FakeModel()
      })
    let head = "POST /v2/models/late/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    #expect(front.send("\(head)\(oneNumber.utf8.count)\r\n\r\n").isEmpty)
    #expect(front.send(String(oneNumber.prefix(20))).isEmpty)
    #expect(front.send(String(oneNumber.dropFirst(20))).isEmpty)
    isOpen.open()
    #expect(front.awaitAnswer().status == 200)
  }

  @Test func `a client that leaves meanwhile harms nobody`() throws {
    let isOpen = Gate()
    let front = try front(
      loads: FakeLoader {
        isOpen.pass { false }
        return FakeModel()
      })
    #expect(front.post("/v2/models/late/infer", oneNumber).isEmpty)
    front.hangUp()
    isOpen.open()
    #expect(eventually { front.door.statuses(named: "late").first?.state == .ready })
    front.loop.run()
    #expect(front.observer.records.last?.outcome == .cancelled)
  }

  @Test func `a model that cannot be loaded tells its request why`() throws {
    let front = try front(
      loads: FakeLoader { () throws(RuntimeFault) in
        throw RuntimeFault(code: .invalidModel, message: "it is cut off")
      })
    let now = front.post("/v2/models/late/infer", oneNumber)
    let answer = now.isEmpty ? front.awaitAnswer() : now
    #expect(answer.status == 503)
    #expect(answer.body.contains("cut off"))
    let ready = front.get("/v2/health/ready")
    #expect(ready.status == 503)
    #expect(ready.body.contains("`late`"))
  }
}
