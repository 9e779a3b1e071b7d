import ArgumentParser
import Inference
import Jobs
import LoadTesting
import Transport

/// A model behind V2 over gRPC.
extension BenchTarget {
  init(
    address: GRPCAddress, _ calls: GRPCArguments, trust: TLSTrust, inputs: InputArguments,
    seed: UInt64
  ) throws {
    if let encoding = inputs.encoding, encoding != BodyEncoding.binary.rawValue {
      throw Failure.usage("--encoding: over gRPC tensors travel as binary, got \(encoding)")
    }
    guard inputs.samples.areAbsent else {
      throw Failure.usage(
        "--label, --truth and --compliance: answers over gRPC are not judged; measure the model's "
          + "address http://.../v2/models/NAME")
    }
    let lengths = try inputs.lengths
    let count = try calls.connectionCount
    let security = try address.isEncrypted ? Self.security(trust) : nil
    let client = GRPCInferenceClient(address, security: security, connections: count)
    do {
      let target = try Self.target(client, files: inputs.data, lengths: lengths, seed: seed)
      try client.check(target)
      self.init(
        server: target,
        facts: [
          (key: "target", value: address.text),
          (key: "where", value: "over gRPC, connected before the clock starts"),
          (key: "connections", value: String(count)),
        ])
    } catch let problem as CallProblem {
      throw Failure.operation("\(address.text): \(problem.text)")
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private static func security(_ trust: TLSTrust) throws -> TLSClientContext {
    do {
      return try TLSClientContext(trust, protocols: ["h2"])
    } catch {
      throw Failure.usage("\(error)")
    }
  }

  private static func target(
    _ client: GRPCInferenceClient, files: [String], lengths: [String: [Int]], seed: UInt64
  ) throws -> GRPCTarget {
    let signature = try client.signature()
    let requests =
      files.isEmpty
      ? try SampleInputs(signature, lengths: lengths).requests(seed: seed)
      : try files.flatMap {
        try GRPCInferenceClient.requests(JobFile.read($0), name: $0, signature: signature)
      }
    return client.target(requests.map { client.message($0, of: signature) })
  }
}
