import Glibc

/// One order of the driver: how many callers, for how long.
package struct Round: Sendable {
  package let callerCount: Int
  /// `Clock.now` at which no further call is started.
  package let end: UInt64
}

/// What one round did, as the driver reads it.
package struct RoundReport: Sendable {
  /// Of each call, in nanoseconds.
  package let durations: [UInt64]
  let seconds: Double
  let processorSeconds: Double

  /// One line of JSON.
  package var json: String {
    let sorted = durations.sorted()
    func microseconds(_ share: Double) -> Double {
      guard !sorted.isEmpty else { return 0 }
      return Double(sorted[Int(Double(sorted.count - 1) * share)]) / 1_000
    }
    return """
      {"count": \(durations.count), "seconds": \(seconds), "cpu_s": \(processorSeconds), \
      "p50_us": \(microseconds(0.5)), "p99_us": \(microseconds(0.99))}
      """
  }
}

/// Monotonic nanoseconds.
package enum Clock {
  package static var now: UInt64 { nanoseconds(CLOCK_MONOTONIC) }

  static func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// Reads `CALLERS SECONDS` lines from standard input until it ends, and writes a report for each.
package enum Rounds {
  /// - Parameter run: makes the calls of one round and gives their durations in nanoseconds.
  package static func serve(_ run: @Sendable (Round) async -> [UInt64]) async {
    tell(#"{"ready": true}"#)
    while let line = readLine() {
      let words = line.split(separator: " ")
      guard words.count == 2, let callers = Int(words[0]), let seconds = Double(words[1]) else {
        fatalError("expected CALLERS SECONDS, got: \(line)")
      }
      let begin = Clock.now
      let processorBegin = Clock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID)
      let durations = await run(
        Round(callerCount: callers, end: begin + UInt64(seconds * 1_000_000_000)))
      let processor = Clock.nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - processorBegin
      let report = RoundReport(
        durations: durations, seconds: Double(Clock.now - begin) / 1e9,
        processorSeconds: Double(processor) / 1e9)
      tell(report.json)
    }
  }

  private static func tell(_ line: String) {
    print(line)
    fflush(nil)
  }
}

/// A tensor's elements, as a file holds them.
package enum FloatFile {
  package static func read(_ path: String) -> [Float] {
    guard let file = fopen(path, "r") else { fatalError("cannot read \(path)") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file) / MemoryLayout<Float>.size
    rewind(file)
    return [Float](unsafeUninitializedCapacity: count) { memory, filled in
      filled = fread(memory.baseAddress, MemoryLayout<Float>.size, count, file)
    }
  }
}

/// `1x3x640x640` as lengths.
package func shape(_ text: String) -> [Int] {
  text.split(separator: "x").map { length in
    guard let length = Int(length) else { fatalError("no shape: \(text)") }
    return length
  }
}
