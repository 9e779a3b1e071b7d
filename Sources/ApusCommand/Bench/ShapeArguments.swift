import ArgumentParser
import Jobs
import LoadTesting

/// How a load changes over time; `LoadOptions` says what is allowed.
struct ShapeArguments: ParsableArguments {
  @Option(help: "How requests lie in ramp, step and spike: poisson or even. (default: poisson)")
  var arrivals: String?

  @Option(
    help: """
      For spike: how many times the rate, and for how long in the midst of the run: 10x2s. (default: \
      10 times, a fifth of the run)
      """)
  var spike: String?

  @Option(
    help: """
      For replay: a file of recorded arrivals. A number of seconds in each line, CSV or JSON lines with a \
      timestamp, or the log of apus serve --access-log all.
      """)
  var trace: String?

  @Option(help: "For replay: how many times as fast as recorded.")
  var speed: String?

  @Option(
    help: """
      For closed-loop: how long a caller waits between an answer and its next request: 100ms, or \
      exp:100ms for times at random with that mean.
      """)
  var think: String?

  @Option(
    help: """
      Measure at several loads, one after the other, and find the knee: rate=10..200, rate=10,50,100, \
      concurrency=1..32 or concurrency=1,2,4.
      """)
  var sweep: String?

  /// Reads the trace, where there is one.
  func add(to options: inout LoadOptions) throws {
    options.arrivals = arrivals
    options.spike = spike
    options.speed = speed
    options.think = think
    options.sweep = sweep
    guard let trace else { return }
    do {
      options.trace = try ArrivalTrace(parsing: JobFile.read(trace))
    } catch let problem as JobProblem {
      throw Failure.operation("\(trace): \(problem)")
    } catch let problem as ArrivalTrace.Problem {
      throw Failure.usage("--trace \(trace): \(problem)")
    }
  }
}
