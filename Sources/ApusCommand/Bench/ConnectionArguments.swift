import ArgumentParser
import LoadTesting
import Transport

/// How a server is reached.
struct ConnectionArguments: ParsableArguments {
  @Option(
    help: """
      How an address that is no model's is asked: GET, POST or PUT. (default: POST where --data says \
      what, else GET)
      """)
  var method: String?

  @Option(help: "For https: a file of the certificates (PEM) that vouch for the server.")
  var ca: String?

  @Flag(help: "For https: believe any certificate.")
  var insecure = false

  @Option(help: "Threads that ask a server; one asks as fast as most servers answer.")
  var generatorThreads = 1

  private static let generatorThreadsMax = 64

  /// Wrong usage, told before anything is loaded.
  func validate() throws {
    if let method, !["GET", "POST", "PUT"].contains(method) {
      throw ValidationError("--method: expected GET, POST or PUT, got \(method)")
    }
    if ca != nil, insecure { throw ValidationError("--ca and --insecure contradict each other") }
    if !(1...Self.generatorThreadsMax).contains(generatorThreads) {
      throw ValidationError(
        "--generator-threads: expected an integer from 1 to \(Self.generatorThreadsMax), got "
          + "\(generatorThreads)")
    }
  }

  var trust: TLSTrust {
    if insecure { return .anyone }
    return ca.map { .authorities($0) } ?? .system
  }

  /// The address that a target names.
  func address(_ target: String) throws -> HTTPAddress {
    do {
      return try HTTPAddress(target, trust: trust)
    } catch {
      throw Failure.usage("\(error)")
    }
  }
}
