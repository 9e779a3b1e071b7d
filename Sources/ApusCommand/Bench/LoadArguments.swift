import ArgumentParser
import LoadTesting

/// What load is made; `LoadOptions` says what is allowed.
struct LoadArguments: ParsableArguments {
  @Option(
    help: """
      single-stream, multi-stream, server, offline, closed-loop, constant-rate, ramp, step, spike or \
      replay; several with commas between them.
      """)
  var scenario: [String] = []

  @Option(
    help: """
      Queries a second, for server, constant-rate and spike; for ramp 10:200, for step 10,50,100 or \
      10@5s,50@10s. Without it, server searches for the highest rate within its bound.
      """)
  var rate: String?

  @Option(help: "Queries at a time, for offline and closed-loop.")
  var concurrency: String?

  @Option(help: "For how long each scenario is measured: 500ms, 10s, 10m. (default: 10s)")
  var duration: String?

  @Option(help: "How many queries each scenario has at most.")
  var requests: String?

  @Option(help: "What the order of the inputs, their content and random times are made of.")
  var seed: String?

  @Option(help: "What 99 of 100 queries of the scenario server may take. (default: 10ms)")
  var latencyBound: String?

  var options: LoadOptions {
    var options = LoadOptions()
    options.scenarios = scenario
    options.rate = rate
    options.concurrency = concurrency
    options.duration = duration
    options.requests = requests
    options.seed = seed
    options.latencyBound = latencyBound
    return options
  }
}

/// What a target is asked.
struct InputArguments: ParsableArguments {
  @Option(
    help: """
      Files to ask with, in place of random inputs: photos, V2 requests (.json), rows (.csv). May be \
      given several times.
      """)
  var data: [String] = []

  @Option(help: "How tensors travel to a server: binary or json.")
  var encoding = "binary"

  @Option(help: "For random inputs, a shape where any length goes: images=8,3,640,640.")
  var shape: [String] = []
}
