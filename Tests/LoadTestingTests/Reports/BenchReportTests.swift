import Testing
import WireFormats

@testable import LoadTesting

@Suite struct BenchReportTests {
  private func outcome(
    queries: Int, service: @escaping (Int) -> UInt64 = { 1_000_000 + UInt64($0 % 97) * 10_000 },
    problem: @escaping (Int) -> CallProblem? = { _ in nil }
  ) -> LoadOutcome {
    var plan = LoadPlan(.singleStream)
    plan.queriesMax = queries
    var simulation = Simulation(plan)
    simulation.service = service
    simulation.problem = problem
    return simulation.run()
  }

  private func document(_ outcome: LoadOutcome, target: String = "iris") -> JSONValue {
    outcome.json(
      environment: LoadEnvironment(facts: [(key: "target", value: target)]), command: "apus bench")
  }

  private func html(_ documents: [JSONValue]) -> String {
    BenchReport(title: "iris", parts: BenchReport.parts(of: .array(documents))).html
  }

  @Test(arguments: [1, 2, 10, 700, 20_000])
  func `a run of any length makes a page that is well-formed`(queries: Int) {
    let page = html([document(outcome(queries: queries))])
    #expect(problem(page) == nil)
    #expect(page.contains("Percentiles"))
    #expect(page.contains("Throughput over time") == (queries >= 700))
    #expect(!page.contains("nan") && !page.contains(">inf"))
  }

  /// Of HTML's elements that have no end all are written as in XML.
  private func problem(_ page: String) -> String? {
    WellFormed.problem(page)
  }

  @Test func `a run of failures only says which`() {
    let page = html([
      document(
        outcome(queries: 30) { _ in
          1_000_000
        } problem: { _ in
          CallProblem(kind: "status_503", text: "full")
        })
    ])
    #expect(problem(page) == nil)
    #expect(page.contains("status_503") && page.contains("Failures by kind"))
    #expect(!page.contains("Percentiles"))
    #expect(page.contains("not measured"))
  }

  @Test func `nothing from outside becomes markup, and nothing is fetched`() {
    let hostile = "</title><script>alert(1)</script>\"'><img src=x onerror=y>\u{0}"
    let bad = document(
      outcome(
        queries: 50, problem: { $0 % 5 == 0 ? CallProblem(kind: hostile, text: hostile) : nil }),
      target: hostile)
    let page = BenchReport(title: hostile, parts: BenchReport.parts(of: bad)).html
    #expect(problem(page) == nil)
    #expect(!page.contains("<script") && !page.contains("<img"))
    let links = page.matches(of: /(?:src|href|url\()="?([^"]*)/).map { String($0.1) }
    #expect(links == ["data:,"])
  }

  @Test func `a result reads as it was written`() throws {
    let outcome = outcome(queries: 5_000)
    let bytes = document(outcome).bytes
    let again = try bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    let result = try #require(BenchResult(again))
    #expect(result.scenario == "single-stream")
    #expect(result.queryCount == 5_000)
    #expect(
      result.latencies["p99_99"]
        == outcome.figures.latencies.percentile(0.9999).map { Double($0) / 1e6 })
    #expect(result.distribution.count == 5_000)
    #expect(result.windows.rows.count >= 10 && result.windows.rows.count <= WindowTable.rowsMax)
    #expect(result.windows.rows.map(\.queryCount).reduce(0, +) == 5_000)
    let median = try #require(result.distribution.latency(0.5))
    #expect(abs(median / (result.latencies["p50"] ?? 0) - 1) < 0.01)
  }

  @Test(arguments: [
    "null", "3", "[]", "{}", #"{"scenario": 3, "latency_ms": {}}"#, #"{"scenario": "a"}"#,
    #"{"target": {}, "against": {}, "ratio": {}}"#,
  ])
  func `what is no result is none`(text: String) throws {
    let document = try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    #expect(BenchReport.parts(of: document).isEmpty)
  }

  @Test(arguments: [
    #"{"scenario": "x", "latency_ms": {"p50": "no", "p99": -1e308, "max": 1e308}}"#,
    #"{"scenario": "", "latency_ms": {}, "windows": {"seconds": 1e-300, "queries": [1], "failed": [null], "samples": [1], "mean_ms": [1], "p50_ms": ["a"], "p90_ms": [1], "p99_ms": [1]}}"#,
    #"{"scenario": "x", "latency_ms": {}, "distribution": {"ranges_ms": [[5,1,1],[1,2],[-1,-2,-3],[0,1e308,1e308],[1,2,3]]}}"#,
    #"{"scenario": "x", "latency_ms": {}, "server": {"memory_bytes": 1e300, "cpu_cores": -5}, "energy": {"watts": 1e300}}"#,
    #"{"scenario": "x", "latency_ms": {}, "run": {"queries": -5, "seconds": -1, "rate": 1e308, "concurrency": 9223372036854775807}, "throughput": {"value": 1e308}}"#,
  ])
  func `a hostile document makes a page all the same`(text: String) throws {
    let document = try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) }
    #expect(problem(html([document])) == nil)
    let results = BenchReport.parts(of: document).flatMap(\.results)
    #expect(ResultTable.csv(results).contains("\r\n"))
    #expect(ResultComparison(results[0], results[0]).lines.count > 1)
  }

  @Test func `two targets in turns and a comparison have their intervals drawn`() throws {
    let rounds = (0..<10).map { number -> TargetComparison.Round in
      let target = outcome(queries: 80) { 1_000_000 + UInt64($0 * 31 + number) % 1_000 }
      let against = outcome(queries: 80) { 1_200_000 + UInt64($0 * 17 + number) % 1_000 }
      return .init(target: target, against: against)
    }
    let comparison = try #require(TargetComparison(rounds))
    let turns = comparison.json(
      target: document(comparison.target, target: "a"),
      against: document(comparison.against, target: "b"))
    let page = html([turns])
    #expect(problem(page) == nil)
    #expect(page.contains("two targets in turns") && page.contains("How they differ"))
    #expect(page.contains("fgood"))
  }

  @Test func `a sweep marks its knee`() throws {
    let points = [100.0, 200, 400].map { rate in
      JSONValue.object([
        .init("value", .number(rate)), .init("result", document(outcome(queries: 100))),
      ])
    }
    let sweep = JSONValue.object([
      .init("sweep", .string("rate")), .init("points", .array(points)),
      .init("knee", .object([.init("point", .integer(1))])),
    ])
    let page = html([sweep])
    #expect(problem(page) == nil)
    #expect(page.contains("Latency by rate") && page.contains(">knee<"))
    #expect(BenchReport.parts(of: sweep).flatMap(\.results).count == 3)
  }

  @Test func `a table has a row for each result, and cells that stay cells`() throws {
    let results = BenchReport.parts(
      of: .array([
        document(outcome(queries: 70), target: "a,\"b\"\nc"), document(outcome(queries: 5)),
      ])
    ).flatMap(\.results)
    let lines = ResultTable.csv(results).split(separator: "\r\n")
    #expect(lines.count == 3)
    #expect(lines[0].hasPrefix("scenario,target,valid,full_run,queries,seconds,mean_ms,p50_ms"))
    #expect(lines[1].contains("\"a,\"\"b\"\"\nc\""))
    #expect(ResultTable.cell("=cmd()") == "'=cmd()")
    #expect(ResultTable.cell("-1.5") == "-1.5")
  }

  @Test func `test cases are XML whatever their words are`() {
    let xml = JUnitReport([
      .init(suite: "server", name: "measured", seconds: 1.5, failure: nil, notes: ["]]> <a>"]),
      .init(
        suite: "server", name: "not p99>20ms", seconds: 0, failure: "p99 is \"30\" & <more>\u{1}"),
    ]).xml
    #expect(WellFormed.problem(xml) == nil)
    #expect(xml.contains("tests=\"2\" failures=\"1\""))
    #expect(xml.contains("name=\"not p99&gt;20ms\""))
    #expect(xml.contains("<failure message=\"p99 is &quot;30&quot; &amp; &lt;more&gt;\u{FFFD}\">"))
  }
}
