import Foundation
import Inference
import Monitoring
import Testing

@Suite struct MetricsTests {
  let one = #"model="m",version="1""#

  @Test func `a request counts by model, version, dialect and outcome`() {
    let metrics = Metrics.serving(1)
    metrics.finished(record())
    metrics.finished(record())
    metrics.finished(record(outcome: .failed, dialect: .vision))
    let samples = Samples(metrics)
    #expect(samples[#"apus_requests_total{\#(one),dialect="v2",outcome="success"}"#] == 2)
    #expect(samples[#"apus_requests_total{\#(one),dialect="vision",outcome="failed"}"#] == 1)
    #expect(samples[#"apus_requests_total{\#(one),dialect="vision",outcome="success"}"#] == 0)
  }

  @Test func `a loaded model has its outcomes at zero, and other dialects from their first use`() {
    let samples = Samples(.serving(1))
    for outcome in RequestRecord.Outcome.allCases {
      let name = #"apus_requests_total{\#(one),dialect="v2",outcome="\#(outcome.rawValue)"}"#
      #expect(samples[name] == 0)
    }
    #expect(samples.names(containing: #"dialect="vision""#).isEmpty)
  }

  @Test func `a model has at most 150 series with every dialect in use, and 16 buckets`() {
    let metrics = Metrics.serving(1)
    for dialect in Dialect.allCases { metrics.finished(record(dialect: dialect)) }
    metrics.registerModels {
      [
        ModelFigures(
          name: "m", version: 1, isReady: true, instanceCount: 1, memoryByteCount: 1,
          queueDepth: 0)
      ]
    }
    let samples = Samples(metrics)
    let count = samples.names(containing: #"model="m""#).count
    #expect((100...150).contains(count), "\(count) series")
    #expect(samples.names(containing: #"apus_request_duration_seconds_bucket{"#).count == 16)
    let phase = samples.names(containing: #"apus_request_phase_seconds_bucket{"#)
    #expect(phase.count == 2 * 10 + 4 * 5)
  }

  @Test func `a name from outside never becomes a label`() {
    let metrics = Metrics.serving(1)
    metrics.finished(failedRecord(.modelNotFound(ModelAddress(name: "x"), known: []), model: ""))
    metrics.finished(record(model: "evil"))
    let samples = Samples(metrics)
    #expect(!samples.text.contains("evil"))
    #expect(samples[#"apus_unrouted_requests_total{outcome="invalid"}"#] == 1)
    #expect(samples[#"apus_unrouted_requests_total{outcome="success"}"#] == 1)
  }

  @Test func `what ended before a version was chosen counts for the only version`() {
    let metrics = Metrics.serving(3)
    metrics.finished(failedRecord(.draining))
    let samples = Samples(metrics)
    let name = #"apus_requests_total{model="m",version="3",dialect="v2",outcome="rejected"}"#
    #expect(samples[name] == 1)
  }

  @Test func `with several versions it counts for none of them`() {
    let metrics = Metrics.serving(1, 2)
    metrics.finished(failedRecord(.draining))
    let samples = Samples(metrics)
    let name = #"apus_requests_total{model="m",version="",dialect="v2",outcome="rejected"}"#
    #expect(samples[name] == 1)
    let rejected = samples.names(containing: "rejected").filter {
      $0.hasPrefix("apus_requests_total")
    }
    #expect(rejected.compactMap { samples[$0] }.reduce(0, +) == 1)
  }

  @Test func `what is not inference has a count of its own`() {
    let metrics = Metrics.serving(1)
    var health = record(model: "")
    health.isInference = false
    metrics.finished(health)
    let samples = Samples(metrics)
    #expect(samples[#"apus_other_requests_total{outcome="success"}"#] == 1)
    #expect(samples[#"apus_unrouted_requests_total{outcome="success"}"#] == 0)
  }

  @Test func `times fall into the bucket whose bound is not below them`() {
    let metrics = Metrics.serving(1)
    metrics.finished(record())  // 2.5 ms in all
    let samples = Samples(metrics)
    #expect(samples[#"apus_request_duration_seconds_bucket{\#(one),le="0.001"}"#] == 0)
    #expect(samples[#"apus_request_duration_seconds_bucket{\#(one),le="0.0025"}"#] == 1)
    #expect(samples[#"apus_request_duration_seconds_bucket{\#(one),le="+Inf"}"#] == 1)
    #expect(samples[#"apus_request_duration_seconds_count{\#(one)}"#] == 1)
    #expect(samples[#"apus_request_duration_seconds_sum{\#(one)}"#] == 0.0025)
  }

  @Test(arguments: [
    ("read", 0.00001), ("decode", 0.00006), ("queue", 0.0003), ("compute", 0.002),
    ("encode", 0.00003), ("write", 0.0001),
  ])
  func `each phase has its time`(_ phase: String, _ seconds: Double) throws {
    let metrics = Metrics.serving(1)
    metrics.finished(record())
    let samples = Samples(metrics)
    let labels = #"\#(one),phase="\#(phase)""#
    let sum = try #require(samples["apus_request_phase_seconds_sum{\(labels)}"])
    #expect(abs(sum - seconds) < 1e-9)
    #expect(samples["apus_request_phase_seconds_count{\(labels)}"] == 1)
  }

  @Test func `a phase that was not reached is not counted`() {
    let metrics = Metrics.serving(1)
    metrics.finished(failedRecord(.draining))
    let samples = Samples(metrics)
    #expect(samples[#"apus_request_phase_seconds_count{\#(one),phase="read"}"#] == 1)
    #expect(samples[#"apus_request_phase_seconds_count{\#(one),phase="queue"}"#] == 0)
    #expect(samples[#"apus_request_duration_seconds_count{\#(one)}"#] == 0)
  }

  @Test func `Triton's families stand beside ours`() {
    let metrics = Metrics.serving(1)
    metrics.finished(record(rows: 4))
    metrics.finished(failedRecord(.overloaded(limit: .waitingRequests(1), retryAfter: .zero)))
    metrics.finished(failedRecord(.cancelled))
    metrics.finished(failedRecord(.runtimeFailed(RuntimeFault(code: .failed, message: "x"))))
    metrics.finished(failedRecord(.invalidInput(.missingInput("x"))))
    metrics.happened(.batchRan(name: "m", version: 1, rows: 4, nanoseconds: 2_000_000))
    metrics.registerModels {
      [
        ModelFigures(
          name: "m", version: 1, isReady: true, instanceCount: 2, memoryByteCount: 99,
          queueDepth: 7)
      ]
    }
    let samples = Samples(metrics)
    #expect(samples["nv_inference_request_success{\(one)}"] == 1)
    for reason in ["REJECTED", "CANCELED", "BACKEND", "OTHER"] {
      #expect(samples[#"nv_inference_request_failure{\#(one),reason="\#(reason)"}"#] == 1)
    }
    #expect(samples["nv_inference_count{\(one)}"] == 4)
    #expect(samples["nv_inference_exec_count{\(one)}"] == 1)
    #expect(samples["nv_inference_pending_request_count{\(one)}"] == 7)
    #expect(samples["nv_inference_request_duration_us{\(one)}"] == 2_500)
    #expect(samples["nv_inference_queue_duration_us{\(one)}"] == 300)
    #expect(samples["nv_inference_compute_input_duration_us{\(one)}"] == 60)
    #expect(samples["nv_inference_compute_infer_duration_us{\(one)}"] == 2_000)
    #expect(samples["nv_inference_compute_output_duration_us{\(one)}"] == 30)
    #expect(samples["apus_model_memory_bytes{\(one)}"] == 99)
    #expect(samples["apus_model_instances{\(one)}"] == 2)
    #expect(samples["apus_model_ready{\(one)}"] == 1)
  }

  @Test func `what the response cache answered counts as success and not as computed`() throws {
    let metrics = Metrics.serving(1)
    var hit = record(rows: 2)
    hit.served.started = .never
    hit.served.batchRowCount = 0
    hit.served.cacheUse = .hit
    hit.served.cacheNanoseconds = 3_000
    var miss = record(rows: 2)
    miss.served.cacheUse = .miss
    miss.served.cacheNanoseconds = 8_000
    metrics.happened(.batchRan(name: "m", version: 1, rows: 2, nanoseconds: 2_000_000))
    for record in [miss, hit, hit] { metrics.finished(record) }
    let statistics = try #require(metrics.statistics(name: "m", version: 1).first)
    #expect(statistics.cacheHit == .init(count: 2, nanoseconds: 6_000))
    #expect(statistics.cacheMiss == .init(count: 1, nanoseconds: 8_000))
    #expect(statistics.success.count == 3 && statistics.queue.count == 3)
    #expect(statistics.infer == .init(count: 1, nanoseconds: 2_000_000))
    #expect(statistics.input.count == 1 && statistics.output.count == 1)
    #expect(statistics.rowCount == 2 && statistics.batches.map(\.rowCount) == [2])
    for keepsAnswers in [true, false] {
      metrics.registerModels {
        [
          ModelFigures(
            name: "m", version: 1, isReady: true, instanceCount: 1, memoryByteCount: 1,
            queueDepth: 0, keepsAnswers: keepsAnswers)
        ]
      }
      let samples = Samples(metrics)
      let expected: [(String, Double)] = [
        (#"apus_response_cache_lookups_total{\#(one),result="hit"}"#, 2),
        (#"apus_response_cache_lookups_total{\#(one),result="miss"}"#, 1),
        ("nv_cache_num_hits_per_model{\(one)}", 2), ("nv_cache_num_misses_per_model{\(one)}", 1),
        ("nv_cache_hit_duration_per_model{\(one)}", 6),
        ("nv_cache_miss_duration_per_model{\(one)}", 8),
      ]
      for (name, value) in expected { #expect(samples[name] == (keepsAnswers ? value : nil)) }
      #expect(samples[#"apus_request_phase_seconds_count{\#(one),phase="compute"}"#] == 1)
    }
  }

  @Test func `answers of a decoupled model are counted by their place`() throws {
    let metrics = Metrics.serving(1)
    func at(_ microseconds: UInt64) -> Instant { Instant(nanoseconds: 1 + microseconds * 1_000) }
    var whole = record()
    whole.served.isDecoupled = true
    whole.served.parts = [
      PartTimes(began: at(370), computed: at(400), given: at(410), isEmpty: false),
      PartTimes(began: at(410), computed: at(450), given: at(470), isEmpty: false),
    ]
    var cancelled = whole
    cancelled.outcome = .cancelled
    cancelled.served.parts.removeLast()
    var failed = whole
    failed.outcome = .failed
    failed.served.parts = [
      PartTimes(began: at(370), computed: at(400), given: at(400), isEmpty: true)
    ]
    for record in [whole, cancelled, failed] { metrics.finished(record) }
    let places = try #require(metrics.statistics(name: "m", version: 1).first).responses
    try #require(places.count == 2)
    #expect(places[0].infer == .init(count: 2, nanoseconds: 60_000))
    #expect(places[0].output == .init(count: 2, nanoseconds: 20_000))
    #expect(places[0].success == .init(count: 2, nanoseconds: 80_000))
    #expect(places[0].empty == .init(count: 1, nanoseconds: 30_000))
    #expect(places[1].infer == .init(count: 1, nanoseconds: 40_000))
    #expect(places[1].cancel.count == 1 && places[1].failure.count == 1)
  }

  @Test func `series go with their version`() {
    let metrics = Metrics.serving(1, 2)
    metrics.goes("m", 1)
    let samples = Samples(metrics)
    #expect(samples.names(containing: #"version="1""#).isEmpty)
    #expect(!samples.names(containing: #"version="2""#).isEmpty)
    metrics.finished(record(version: 1))
    #expect(Samples(metrics)[#"apus_unrouted_requests_total{outcome="success"}"#] == 1)
  }

  @Test func `a version that replaced itself keeps its series and counts`() {
    let metrics = Metrics.serving(1)
    metrics.finished(record())
    metrics.load("m", 1)
    metrics.goes("m", 1)
    let name = #"apus_requests_total{\#(one),dialect="v2",outcome="success"}"#
    #expect(Samples(metrics)[name] == 1)
    metrics.goes("m", 1)
    #expect(Samples(metrics)[name] == nil)
  }

  @Test(arguments: [
    (InferenceFailure.tooLarge(.body(bytesMax: 1)), "body-bytes-max"),
    (.tooLarge(.decompressedBody(bytesMax: 1)), "body-bytes-max"),
    (.tooLarge(.header(bytesMax: 1)), "header-bytes-max"),
    (.tooLarge(.image(width: 1, height: 1, pixelsMax: 1)), "image-pixels-max"),
    (
      .invalidInput(.image(.tooManyPixels(width: 1, height: 1, pixelsMax: 1))),
      "image-pixels-max"
    ),
    (.invalidInput(.nestedTooDeep(.json, limit: 64)), "json-depth-max"),
    (.clientTooSlow(.moving(bytesPerSecondMin: 1)), "body-rate-min"),
    (.overloaded(limit: .waitingRequests(1), retryAfter: .zero), "waiting-requests-max"),
    (.overloaded(limit: .waitingBytes(1), retryAfter: .zero), "waiting-bytes-max"),
    (.overloaded(limit: .connections(1), retryAfter: .zero), "connections-max"),
  ])
  func `a refusal counts for its limit and no other`(_ failure: InferenceFailure, _ limit: String) {
    let metrics = Metrics.serving(1)
    metrics.finished(failedRecord(failure))
    let samples = Samples(metrics)
    #expect(samples[#"apus_refusals_total{limit="\#(limit)"}"#] == 1)
    let all = samples.names(containing: "apus_refusals_total").compactMap { samples[$0] }
    #expect(all.reduce(0, +) == 1 && all.count == 8)
  }

  @Test func `names are escaped in labels`() {
    let metrics = Metrics(version: "1", coreCount: 1)
    metrics.load("a\"b\\c\nd", 1)
    #expect(Samples(metrics).text.contains(#"model="a\"b\\c\nd""#))
  }

  @Test func `figures are asked for when the page is read, limits are shown`() {
    let metrics = Metrics(version: "1", coreCount: 1, limits: [("header-timeout", 0.25)])
    #expect(Samples(metrics)["apus_http_connections"] == nil)
    for (place, figure) in Figure.allCases.enumerated() {
      metrics.register(figure) { place + 1 }
    }
    let samples = Samples(metrics)
    #expect(samples["apus_ready"] == 1 && samples["apus_waiting_bytes"] == 2)
    #expect(samples["apus_http_connections"] == 3)
    #expect(samples["apus_http_connections_refused_total"] == 4)
    #expect(samples["apus_abandoned_model_threads"] == 7)
    #expect(samples["apus_log_lines_dropped_total"] == 8)
    #expect(samples[#"apus_limit{limit="header-timeout"}"#] == 0.25)
    #expect(samples[#"apus_build_info{version="1"}"#] == 1)
  }

  @Test func `process and machine figures are plausible`() throws {
    let samples = Samples(Metrics(version: "1", coreCount: 1))
    #expect(try #require(samples["process_resident_memory_bytes"]) > 1_000_000)
    #expect(try #require(samples["process_cpu_seconds_total"]) > 0)
    #expect(try #require(samples["process_threads"]) >= 1)
    let files = try #require(samples["process_open_fds"])
    #expect(files >= 3 && files <= samples["process_max_fds"] ?? 0)
    let start = try #require(samples["process_start_time_seconds"])
    let age = Date().timeIntervalSince1970 - start
    #expect(age > -2 && age < 86_400)
    #expect((0...1).contains(try #require(samples["nv_cpu_utilization"])))
    let used = try #require(samples["nv_cpu_memory_used_bytes"])
    #expect(used > 0 && used < samples["nv_cpu_memory_total_bytes"] ?? 0)
  }

  @Test func `requests that end on many threads at once are all counted`() {
    let metrics = Metrics.serving(1)
    let ended = record()
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<2_000 { metrics.finished(ended) }
    }
    let samples = Samples(metrics)
    #expect(
      samples[#"apus_requests_total{\#(one),dialect="v2",outcome="success"}"#] == 16_000)
    #expect(samples[#"apus_request_duration_seconds_count{\#(one)}"#] == 16_000)
  }

  @Test func `every family is declared once and is on the page and in the reference`() {
    #expect(MetricsTable.rows.count == MetricName.allCases.count)
    #expect(Set(MetricsTable.rows.map(\.name)) == Set(MetricName.allCases))
    let page = Samples(.serving(1)).text
    let reference = MetricsTable.markdown()
    for family in MetricsTable.rows {
      #expect(
        page.contains("# TYPE \(family.name.rawValue) \(family.kind.rawValue)\n"))
      #expect(reference.contains("| `\(family.name.rawValue)` |"))
    }
  }
}

@Suite struct PromtoolTests {
  static let path = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  @Test(.enabled(if: path != nil, "promtool is not installed (Debian package prometheus)"))
  func `promtool reads the page and finds fault only with Triton's names`() throws {
    let metrics = Metrics.serving(1, 2)
    for dialect in Dialect.allCases { metrics.finished(record(dialect: dialect)) }
    metrics.finished(failedRecord(.draining))
    metrics.load("odd \"name\"\n", 1)
    for figure in Figure.allCases { metrics.register(figure) { 1 } }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.path))
    process.arguments = ["check", "metrics"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    try process.run()
    input.fileHandleForWriting.write(Data(metrics.metricsText()))
    try input.fileHandleForWriting.close()
    let said = String(
      decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    // 0 is praise, 3 is lint; anything else means that the page cannot be read.
    #expect([0, 3].contains(process.terminationStatus), "\(said)")
    for line in said.split(separator: "\n") {
      #expect(line.hasPrefix("nv_"), "\(line)")
    }
  }

  @Test func `statistics count requests, runs and rows as clients of Triton ask`() throws {
    let metrics = Metrics(version: "1", coreCount: 2)
    metrics.happened(.modelLoaded(name: "m", version: 1, footprintByteCount: 1, instanceCount: 1))
    for _ in 0..<3 { metrics.finished(record()) }
    // Two requests of a run of four rows, and one that failed.
    for rows in [3, 1] {
      var half = record(rows: rows)
      half.served.batchRowCount = 4
      metrics.finished(half)
    }
    metrics.finished(record(outcome: .failed))
    // One request of ten rows, spread over three runs.
    var spread = record(rows: 10)
    spread.served.batchRowCount = 4
    metrics.finished(spread)
    for rows in [1, 1, 1, 4, 1, 4, 4, 2] {
      metrics.happened(.batchRan(name: "m", version: 1, rows: rows, nanoseconds: 2_000_000))
    }
    let all = metrics.statistics(name: "m", version: nil)
    let statistics = try #require(all.first)
    #expect(all.count == 1)
    #expect(statistics.rowCount == 17)
    #expect(statistics.runCount == 8)
    #expect(statistics.success == .init(count: 6, nanoseconds: 6 * 2_500_000))
    #expect(statistics.failure == .init(count: 1, nanoseconds: 2_500_000))
    #expect(statistics.infer == .init(count: 6, nanoseconds: 6 * 2_000_000))
    #expect(statistics.lastInferenceMilliseconds > 0)
    #expect(statistics.batches.map(\.rowCount) == [1, 2, 4])
    #expect(statistics.batches.map(\.infer.count) == [4, 1, 3])
    #expect(statistics.batches[2].infer.nanoseconds == 3 * 2_000_000)
    #expect(metrics.statistics(name: "m", version: 2).isEmpty)
    #expect(metrics.statistics(name: "x", version: nil).isEmpty)
    #expect(metrics.statistics(name: nil, version: nil).count == 1)
  }
}
