import ArgumentParser
import LoadTesting

/// How a server is asked over gRPC.
struct GRPCArguments: ParsableArguments {
  @Option(
    help: """
      Over how many connections calls to grpc:// are spread. Over HTTP/1.1 every call has its own. \
      (default: 1)
      """)
  var connections: String?

  var connectionCount: Int {
    get throws {
      guard let connections else { return 1 }
      guard let count = Int(connections), (1...GRPCTarget.connectionsLimit).contains(count) else {
        throw Failure.usage(
          "--connections: expected an integer from 1 to \(GRPCTarget.connectionsLimit), "
            + "got \(connections)")
      }
      return count
    }
  }

  /// Refuses what none of the targets has a use for, before anything is loaded.
  func check(_ targets: [String]) throws {
    guard connections != nil else { return }
    _ = try connectionCount
    guard targets.contains(where: GRPCAddress.isMeant) else {
      throw Failure.usage("--connections is for grpc://; over HTTP/1.1 every call has its own")
    }
  }

  /// The address that a target names; `nil` where it is another kind of target.
  func address(_ target: String) throws -> GRPCAddress? {
    guard GRPCAddress.isMeant(by: target) else { return nil }
    do {
      return try GRPCAddress(target)
    } catch {
      throw Failure.usage("\(error)")
    }
  }
}
