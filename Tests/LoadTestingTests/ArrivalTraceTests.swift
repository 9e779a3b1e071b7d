import Testing

@testable import LoadTesting

@Suite struct ArrivalTraceTests {
  private func times(_ text: String) throws -> [Double] {
    let trace = try ArrivalTrace(parsing: Array(text.utf8))
    return (0..<trace.count).map { Double(trace.arrival($0) ?? 0) / 1e9 }
  }

  private func isClose(_ found: [Double], _ expected: [Double]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }
  }

  @Test(arguments: [
    "0\n0.5\n2\n", "100.0\r\n100.5\r\n\r\n102\r\n", "# seconds\n7\n7.5\n9", "9\n7\n7.5",
    "1700000000000\n1700000000500\n1700000002000",
    "1700000000000000000\n1700000000500000000\n1700000002000000000",
    "2026-01-31T23:59:59.500Z\n2026-02-01T00:00:00Z\n2026-02-01T02:00:01.5+02:00",
    "timestamp,path\n3,/a\n3.5,/b\n5,\"/c\"", "path,time\n/a,3\n/b,3.5\n/c,5",
    "3,/a\n3.5,/b\n5,/c", "2024-02-29 10:00:00,a\n2024-02-29 10:00:00.5,b\n2024-02-29 10:00:02,c",
    #"{"ts": 1}\#n{"ts": 1.5, "x": 2}\#n{"ts": 3}"#,
    #"{"time": "2026-03-01T00:00:00Z"}\#n{"time":"2026-03-01T00:00:00.5Z"}\#n{"time":"2026-03-01T00:00:02Z"}"#,
  ])
  func `reads every form of it`(text: String) throws {
    let found = try times(text)
    #expect(isClose(found, [0, 0.5, 2]), "\(found)")
  }

  @Test func `reads the server's log, in which requests came before their lines`() throws {
    let json = """
      {"@timestamp":"2026-01-31T10:00:00.000Z","log.level":"info","message":"ready"}
      {"@timestamp":"2026-01-31T10:00:05.000Z","log.level":"info","message":"POST","event.duration":4000000000}
      {"@timestamp":"2026-01-31T10:00:05.100Z","log.level":"info","message":"POST","event.duration":100000000}
      """
    let text = """
      2026-01-31T10:00:00.000Z INFO  ready apus.address="0.0.0.0, 8000"
      2026-01-31T10:00:05.000Z INFO  POST /a, 200 event.duration=4000000000 event.outcome=success
      2026-01-31T10:00:05.100Z WARN  POST event.duration=100000000
      """
    for log in [json, text] {
      let found = try times(log)
      #expect(isClose(found, [0, 4]), "\(found)")
    }
  }

  @Test(arguments: [
    ("", "found none"), ("ready\n", "line 1: expected a time, got ready"),
    ("1\n2\nthree", "line 3: expected a time, got three"), ("nan", "line 1"), ("inf\n", "line 1"),
    ("1e300", "line 1"), ("{\"ts\": 1", "line 1: expected a JSON object"),
    ("{\"when\": 1}", "one of the keys @timestamp"), ("{\"ts\": []}", "a timestamp"),
    ("a,b\n1,2", "a column named @timestamp"), ("time,b\nx,2", "line 2: expected a timestamp"),
    ("b,time\n1", "line 2"), ("2026-13-31T10:00:00Z", "line 1"),
    ("2026-01-31T10:00:00.Z", "line 1"),
    ("\u{1B}[31mred", "line 1"), ("2026-01-31T10:00:00é", "line 1"),
  ])
  func `says what a file has that is no trace`(text: String, words: String) {
    do throws(ArrivalTrace.Problem) {
      let trace = try ArrivalTrace(parsing: Array(text.utf8))
      Issue.record("read \(trace.count) arrivals")
    } catch {
      #expect(error.description.contains(words), "\(error.description)")
      #expect(!error.description.contains("\u{1B}"))
    }
  }

  @Test func `whatever bytes a file has, reading it ends`() {
    var generator = MersenneTwister(seed: 3)
    let alphabet = Array("0123456789-:TZ.,{}\"eE+ \n\r\té".utf8)
    for _ in 0..<5_000 {
      let bytes = (0..<generator.index(below: 60)).map { _ in
        generator.index(below: 10) == 0
          ? UInt8(generator.index(below: 256)) : alphabet[generator.index(below: alphabet.count)]
      }
      let trace = try? ArrivalTrace(parsing: bytes)
      #expect(trace == nil || (trace?.count ?? 0) > 0)
    }
  }

  @Test func `plays faster, in parts, and to its end`() {
    let trace = ArrivalTrace([10, 12, 11, 30])
    #expect(trace.nanoseconds == 20_000_000_000)
    #expect(trace.speeded(by: 4).nanoseconds == 5_000_000_000)
    #expect(trace.part(0, of: 2).count == 3)
    #expect(trace.part(1, of: 4).count == 1)
    var schedule = ArrivalSchedule(replaying: trace)
    let played = (0..<6).map { _ in schedule.next() }
    #expect(played == [0, 1_000_000_000, 2_000_000_000, 20_000_000_000, nil, nil])
  }
}
