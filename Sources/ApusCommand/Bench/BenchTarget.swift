import ArgumentParser
import Inference
import Jobs
import LoadTesting
import ModelStore
import Reports
import Serving
import Settings

/// The target that a command line names, opened, with what it is asked.
struct BenchTarget {
  let target: any LoadTarget
  /// Queries at a time that keep it busy.
  let concurrency: Int
  /// For the report: what is measured.
  let facts: [(key: String, value: String)]
  /// Where it is asked; `nil` for a model in this process.
  let address: HTTPAddress?
  private let model: OpenModel?

  /// Queries at a time for a server, of which nothing is known.
  private static let serverConcurrency = 16

  func close() { model?.close() }

  // MARK: A model in this process

  init(model name: String, inputs: InputArguments, seed: UInt64, loading: ModelArguments) throws {
    let lengths = try inputs.lengths
    let (opened, runtime) = try loading.open(name)
    model = opened
    address = nil
    concurrency = opened.concurrency
    facts = [
      (key: "target", value: name), (key: "where", value: "in process"),
      (key: "runtime", value: runtime),
      (key: "instances", value: String(opened.concurrency - 1)),
    ]
    do {
      target = ModelTarget(
        opened,
        requests: try Self.requests(opened, files: inputs.data, lengths: lengths, seed: seed))
    } catch {
      opened.close()
      throw Failure.operation("\(error)")
    }
  }

  /// What a model in this process is asked: these files, or random inputs.
  static func requests(
    _ model: OpenModel, files: [String], lengths: [String: [Int]], seed: UInt64
  ) throws -> [TensorRequest] {
    guard !files.isEmpty else {
      return try SampleInputs(model.lease.signature, lengths: lengths).requests(seed: seed)
    }
    let job = Job(model: model, settings: JobSettings())
    return try files.flatMap { file in
      do {
        return try JobFile.read(file).withUnsafeBytes { try job.requests(for: $0, name: file) }
      } catch {
        throw UnfitFile(description: "\(file): \(error)")
      }
    }
  }

  // MARK: A server

  init(address: HTTPAddress, inputs: InputArguments, seed: UInt64) throws {
    guard let encoding = OpenInferenceClient.Encoding(rawValue: inputs.encoding) else {
      throw Failure.usage("--encoding: expected binary or json, got \(inputs.encoding)")
    }
    let lengths = try inputs.lengths
    model = nil
    self.address = address
    concurrency = Self.serverConcurrency
    let client = OpenInferenceClient(address)
    facts = [
      (key: "target", value: "http://\(address.authority)\(address.path)"),
      (key: "where", value: "over HTTP/1.1, new connections not counted"),
      (key: "encoding", value: client == nil ? "files as they are" : encoding.rawValue),
    ]
    do {
      guard let client else {
        target = try Self.plain(address, files: inputs.data)
        return
      }
      let signature = try client.signature()
      let bodies =
        inputs.data.isEmpty
        ? try Self.bodies(client, signature, encoding, lengths: lengths, seed: seed)
        : try inputs.data.flatMap {
          try ServerBodies.inference(
            JobFile.read($0), name: $0, client: client, signature: signature, encoding: encoding)
        }
      let server = ServerTarget(client.inference, bodies: bodies)
      try server.check(OpenInferenceClient.problem)
      target = server
    } catch let problem as CallProblem {
      throw Failure.operation("\(address.authority)\(address.path): \(problem.text)")
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private static func plain(_ address: HTTPAddress, files: [String]) throws -> ServerTarget {
    guard !files.isEmpty else {
      throw Failure.usage(
        "\(address.path) is no address of a model, http://HOST:PORT/v2/models/NAME; for any other, "
          + "say with --data what is to be posted there")
    }
    let bodies = try files.map { ServerBodies.plain(try JobFile.read($0), name: $0) }
    let server = ServerTarget(address, bodies: bodies)
    try server.check { _ in nil }
    return server
  }

  /// Random inputs; in JSON fewer, because they are several times as long.
  private static func bodies(
    _ client: OpenInferenceClient, _ signature: ModelSignature,
    _ encoding: OpenInferenceClient.Encoding, lengths: [String: [Int]], seed: UInt64
  ) throws -> [ServerTarget.Body] {
    let byteCountMax = encoding == .json ? 8 << 20 : 64 << 20
    return try SampleInputs(signature, lengths: lengths)
      .requests(seed: seed, byteCountMax: byteCountMax)
      .map { client.body($0, of: signature, encoding) }
  }
}

/// A file of `--data` that the target cannot be asked with.
private struct UnfitFile: Error, CustomStringConvertible {
  let description: String
}

extension InputArguments {
  /// Shapes by input.
  var lengths: [String: [Int]] {
    get throws {
      var lengths: [String: [Int]] = [:]
      for text in shape {
        let parts = text.split(separator: "=", maxSplits: 1)
        let numbers = parts.last?.split(separator: ",").map { Int($0) } ?? []
        guard parts.count == 2, !numbers.isEmpty, !numbers.contains(where: { ($0 ?? 0) < 1 }) else {
          throw Failure.usage("--shape: expected NAME=1,3,640,640, got \(text)")
        }
        lengths[String(parts[0])] = numbers.compactMap { $0 }
      }
      return lengths
    }
  }
}
