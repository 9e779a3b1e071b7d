import ArgumentParser
import LoadTesting
import Reports

/// `apus bench baselines`: what was kept with `--save`.
struct BenchBaselinesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baselines", abstract: "List the results that were kept with --save.")

  @OptionGroup var place: StoreArguments

  func run() throws {
    let store = BenchStore(place.store)
    let names = store.names
    guard !names.isEmpty else {
      return Terminal.tell(
        "nothing is kept in \(store.folder); apus bench TARGET --save NAME does it")
    }
    var table = TextTable(
      [.init("name"), .init("scenario"), .init("p50, ms", .right), .init("p99, ms", .right)]
        + [.init("throughput", .right), .init("measured"), .init("target")])
    for name in names {
      // One file that is broken does not hide the others.
      guard let results = try? store.load(name) else {
        table.add([name, "not readable", "", "", "", "", ""])
        continue
      }
      for result in results { table.add(row(name, result)) }
    }
    Terminal.tell(table.lines.joined(separator: "\n"))
  }

  private func row(_ name: String, _ result: BenchResult) -> [String] {
    func fact(_ key: String) -> String { result.environment.first { $0.key == key }?.value ?? "" }
    func latency(_ key: String) -> String {
      result.latencies[key].map { Readable.decimal($0, places: 3) } ?? ""
    }
    return [
      name, result.scenario, latency("p50"), latency("p99"),
      "\(Readable.decimal(result.throughput, places: 1)) \(result.throughputUnit)",
      fact("measured_at"), fact("target"),
    ]
  }
}

/// Where results are kept.
struct StoreArguments: ParsableArguments {
  @Option(
    help: """
      The folder in which results are kept by name. (default: APUS_BENCH_STORE, else .apus/bench)
      """)
  var store: String?
}
