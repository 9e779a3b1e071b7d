import ArgumentParser
import Inference
import LoadTesting
import ModelStore
import Transport

/// A model behind V2 over gRPC.
extension BenchTarget {
  init(
    address: GRPCAddress, _ calls: GRPCArguments, trust: TLSTrust, inputs: InputArguments,
    model: ModelArguments, seed: UInt64
  ) throws {
    if let encoding = inputs.encoding, encoding != BodyEncoding.binary.rawValue {
      throw Failure.usage("--encoding: over gRPC tensors travel as binary, got \(encoding)")
    }
    let labels = try model.classNames
    let lengths = try inputs.lengths
    let count = try calls.connectionCount
    let security = try address.isEncrypted ? Self.security(trust) : nil
    let client = GRPCInferenceClient(address, security: security, connections: count)
    do {
      let tensors = SampleTensors(try client.signature())
      let set = try inputs.set(rowsPerSample: tensors.rowsPerSample) {
        try SampleInputs(tensors.signature, lengths: lengths).requests(seed: seed)
      }
      let asked = try AskedCalls(
        client,
        samples: ModelSamples(set, tensors: tensors, labels: labels, declared: model.task))
      try client.check(asked.timed)
      var facts = [
        (key: "target", value: address.text),
        (key: "where", value: "over gRPC, connected before the clock starts"),
        (key: "connections", value: String(count)),
      ]
      if asked.havePhotos {
        facts.append((key: "photos", value: "made tensors before the clock starts"))
      }
      self.init(server: asked.timed, facts: facts, samples: asked, truth: set.truth)
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
}

extension ModelArguments {
  /// What `--labels` names, for a model that is elsewhere.
  fileprivate var classNames: [String] {
    get throws {
      guard let labels else { return [] }
      do throws(ServerFault) {
        return try LabelsFile.read(labels)
      } catch {
        throw Failure.operation("\(error)")
      }
    }
  }
}
