import Foundation
import Inference
import Monitoring
import Testing

@Suite(.timeLimit(.minutes(1))) struct AccessLogTests {
  /// The lines that these records leave, as objects.
  func lines(
    _ policy: AccessLog.Policy, slow: Duration = .seconds(1), _ records: RequestRecord...
  ) throws -> [[String: Any]] {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(level: .error, path: "\(folder.path)/a.log"))
    let access = AccessLog(log: log, policy: policy, slowRequest: slow) { "told: \($0.outcome)" }
    let observer = MonitoringObserver(
      metrics: Metrics(version: "1", coreCount: 1), accessLog: access, log: log)
    for record in records { observer.finished(record) }
    log.close(within: .seconds(10))
    return try folder.lines("a.log").map { line in
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
  }

  @Test func `by default only failed and slow requests get a line`() throws {
    let failed = failedRecord(.draining)
    #expect(try lines(.slow, record(), failed).count == 1)
    let slow = try lines(.slow, slow: .milliseconds(2), record())
    #expect(slow.count == 1 && slow[0]["log.level"] as? String == "warn")
  }

  @Test func `all gives every request a line, off none`() throws {
    #expect(try lines(.all, record(), failedRecord(.draining)).count == 2)
    #expect(try lines(.off, record(), failedRecord(.draining)).isEmpty)
  }

  @Test func `a line says what the response cache did, and nothing of it for other models`() throws
  {
    var (hit, miss) = (record(), record())
    hit.served.cacheUse = .hit
    hit.served.started = .never
    miss.served.cacheUse = .miss
    let lines = try lines(.all, hit, miss, record())
    #expect(lines.map { $0["apus.response_cache"] as? String } == ["hit", "miss", nil])
    #expect(lines[0]["apus.compute.duration"] == nil)
  }

  @Test func `a line says who asked for what, how long it took and what was answered`() throws {
    var asked = record()
    asked.clientName = "curl/8"
    let line = try #require(try lines(.all, asked).first)
    #expect(line["message"] as? String == "POST /v2/models/m/infer 200")
    #expect(line["http.request.id"] as? String == "id-1")
    #expect(line["http.request.method"] as? String == "POST")
    #expect(line["url.path"] as? String == "/v2/models/m/infer")
    #expect(line["http.response.status_code"] as? Int == 200)
    #expect(line["event.duration"] as? Int == 2_500_000)
    #expect(line["client.address"] as? String == "10.0.0.7")
    #expect(line["user_agent.original"] as? String == "curl/8")
    #expect(line["apus.model"] as? String == "m" && line["apus.version"] as? Int == 1)
    #expect(line["apus.outcome"] as? String == "success")
    #expect(line["apus.compute.duration"] as? Int == 2_000_000)
  }

  @Test func `a failure has the client's sentence and the runtime's own cause`() throws {
    let fault = RuntimeFault(code: .failed, message: "node /conv1 broke")
    let line = try #require(try lines(.slow, failedRecord(.runtimeFailed(fault))).first)
    #expect(line["log.level"] as? String == "error")
    #expect(line["error.type"] as? String == "runtime_failed")
    #expect(line["error.message"] as? String == "told: failed")
    #expect(line["apus.cause"] as? String == "failed: node /conv1 broke")
    let id = try lines(.slow, failedRecord(.internalFault(FaultID("f-9"))))
    #expect(id.first?["error.id"] as? String == "f-9")
  }

  @Test func `what happens to models is logged`() throws {
    let folder = try LogFolder()
    let log = ServerLog(ServerLog.Settings(path: "\(folder.path)/a.log"))
    let observer = MonitoringObserver(
      metrics: Metrics(version: "1", coreCount: 1),
      accessLog: AccessLog(log: log, policy: .off, slowRequest: .zero) { _ in "" }, log: log)
    observer.happened(.modelStateChanged(name: "m", version: 1, state: .ready))
    observer.happened(.modelStateChanged(name: "m", version: 2, state: .failed(reason: "cut")))
    observer.happened(.modelThreadAbandoned(name: "m", version: 1))
    observer.happened(.queueDepthChanged(name: "m", version: 1, depth: 1))
    log.close(within: .seconds(10))
    let text = try folder.lines("a.log")
    #expect(text.count == 3)
    #expect(text[0].contains(#""apus.state":"ready""#))
    #expect(text[1].contains(#""error.message":"cut""#))
    #expect(text[2].contains(#""log.level":"error""#))
  }
}
