import Inference
import Serving
package import WireFormats

/// Looks at a target's server and at the machine before and after a run; blocks for some milliseconds
/// each time, outside of what is measured.
package struct RunWatch: Sendable {
  private let statisticsAddress: HTTPAddress?
  private let process: ServerProcess?
  private let isServer: Bool

  /// How long one look at the server may take.
  private static let lookNanosecondsMax: UInt64 = 2_000_000_000

  struct Reading: Sendable {
    let at: Instant
    let statistics: ServerStatistics?
    let process: ServerProcess.Reading?
    let energy: [EnergyMeter.Counter]
  }

  /// A model in this process.
  package init() {
    statisticsAddress = nil
    isServer = false
    process = ServerProcess()
  }

  /// A server that may tell more of itself at other addresses.
  package init(_ address: HTTPAddress) { self.init(address.place, statisticsAddress: address) }

  /// A server of which only the process may be seen.
  package init(_ place: ServerPlace) { self.init(place, statisticsAddress: nil) }

  private init(_ place: ServerPlace, statisticsAddress: HTTPAddress?) {
    self.statisticsAddress = statisticsAddress
    isServer = true
    process = place.isHere ? ServerProcess(listeningAt: place) : nil
  }

  func read() -> Reading {
    Reading(
      at: MonotonicClock.now(), statistics: statisticsAddress.flatMap(Self.statistics),
      process: process?.read() ?? statisticsAddress.flatMap(Self.metrics),
      energy: EnergyMeter.read())
  }

  /// Runs something and looks before and after it.
  package func watching(_ run: () -> LoadOutcome) -> LoadOutcome {
    let before = read()
    var outcome = run()
    outcome.use = RunUse(from: before, to: read(), isServer: isServer)
    return outcome
  }

  // MARK: A server

  private static func statistics(_ address: HTTPAddress) -> ServerStatistics? {
    guard let path = OpenInferenceClient(address)?.statisticsPath,
      let body = body(of: address.with(path: path))
    else { return nil }
    // An answer of another protocol tells nothing.
    return body.withUnsafeBytes { try? JSONValue(parsing: $0) }.flatMap(ServerStatistics.init)
  }

  /// The names of Prometheus' client libraries, which Apus has, too.
  private static func metrics(_ address: HTTPAddress) -> ServerProcess.Reading? {
    guard let body = body(of: address.with(path: "/metrics")) else { return nil }
    let lines = String(decoding: body.prefix(4 << 20), as: UTF8.self).split(separator: "\n")
    func value(_ name: String) -> Double? {
      lines.first { $0.hasPrefix(name + " ") }.flatMap { Double($0.dropFirst(name.count + 1)) }
    }
    guard let cpu = value("process_cpu_seconds_total") else { return nil }
    return ServerProcess.Reading(
      name: "the server, by its /metrics", cpuSeconds: cpu,
      memoryBytes: value("process_resident_memory_bytes") ?? 0)
  }

  /// `nil` where the server does not answer that, which is its right.
  private static func body(of address: HTTPAddress) -> [UInt8]? {
    let call = ServerTarget(address, method: "GET").askOnce(0, within: lookNanosecondsMax)
    return call.problem == nil ? call.answer : nil
  }
}

/// What a run took of its server and of the machine, as far as they tell.
package struct RunUse: Sendable {
  /// Requests that the server counted, and milliseconds of one in each phase.
  let phases: (requests: Double, means: [String: Double])?
  let processName: String?
  let cpuSeconds: Double?
  let memoryBytes: Double?
  let joules: (amount: Double, of: [String])?
  /// Between the two looks.
  let seconds: Double
  let isServer: Bool

  init(from first: RunWatch.Reading, to last: RunWatch.Reading, isServer: Bool) {
    let means = first.statistics.flatMap { before in
      last.statistics.flatMap { before.means(until: $0) }
    }
    phases = means.map { ($0.requests, $0.phases) }
    let cpu = first.process.flatMap { before in
      last.process.map { $0.cpuSeconds - before.cpuSeconds }
    }
    cpuSeconds = cpu.flatMap { $0 >= 0 ? $0 : nil }
    processName = last.process?.name
    memoryBytes = last.process.flatMap { $0.memoryBytes > 0 ? $0.memoryBytes : nil }
    joules = EnergyMeter.used(from: first.energy, to: last.energy).map { ($0.joules, $0.of) }
    seconds = Double(last.at.nanoseconds(since: first.at)) / 1e9
    self.isServer = isServer
  }

  /// Cores that were busy, on average.
  var cores: Double? { seconds > 0 ? cpuSeconds.map { $0 / seconds } : nil }

  package var serverJSON: JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
    let phases: JSONValue =
      phases.map { phases in
        .object(
          [.init("requests", .integer(Int64(phases.requests)))]
            + ServerStatistics.names.map { .init("\($0)_ms", number(phases.means[$0])) })
      } ?? .null
    guard cpuSeconds != nil || self.phases != nil else { return .null }
    return .object([
      .init("process", processName.map { .string($0) } ?? .null),
      .init("with_generator", .bool(!isServer)), .init("cpu_seconds", number(cpuSeconds)),
      .init("cpu_cores", number(cores)), .init("memory_bytes", number(memoryBytes)),
      .init("model", phases),
    ])
  }

  /// Of the whole machine.
  package func energyJSON(sampleCount: Int) -> JSONValue {
    guard let joules else { return .null }
    return .object([
      .init("joules", .number(joules.amount)),
      .init("watts", .number(seconds > 0 ? joules.amount / seconds : 0)),
      .init(
        "joules_per_sample",
        sampleCount > 0 ? .number(joules.amount / Double(sampleCount)) : .null),
      .init("of", .array(joules.of.map { .string($0) })),
    ])
  }
}
