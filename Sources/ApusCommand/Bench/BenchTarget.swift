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
  /// Looks at what it takes.
  let watch: RunWatch
  /// All samples; the target has those that are in memory. `nil` where it is asked without any.
  let samples: (any AskedSamples)?
  /// What is right for each of them; `nil` where that is not known.
  let truth: SampleTruth?
  private let model: OpenModel?

  /// Queries at a time for a server, of which nothing is known.
  private static let serverConcurrency = 16

  func close() { model?.close() }

  /// Who judges its answers; `nil` where nothing says what is right.
  var judging: BenchJudging? {
    guard let samples, let truth else { return nil }
    return BenchJudging(samples, truth: truth)
  }

  /// The same, where a check of the answers needs some.
  var askedSamples: any AskedSamples {
    get throws {
      guard let samples else {
        throw Failure.usage("--compliance: say with --data what this address is asked")
      }
      return samples
    }
  }

  /// A server that was found and asked once.
  init(
    server: some SocketTarget, facts: [(key: String, value: String)], samples: any AskedSamples,
    truth: SampleTruth?
  ) {
    target = server
    watch = RunWatch(server.place)
    self.facts = facts
    concurrency = Self.serverConcurrency
    model = nil
    self.samples = samples
    self.truth = truth
  }

  // MARK: A model in this process

  init(model name: String, inputs: InputArguments, seed: UInt64, loading: ModelArguments) throws {
    if inputs.encoding != nil { throw Failure.usage("--encoding is for servers") }
    let (opened, runtime) = try loading.open(name)
    model = opened
    watch = RunWatch()
    concurrency = opened.concurrency
    facts = [
      (key: "target", value: name), (key: "where", value: "in process"),
      (key: "runtime", value: runtime),
      (key: "instances", value: String(opened.concurrency - 1)),
    ]
    do {
      let asked = try inputs.samples(of: opened, seed: seed)
      target = ModelTarget(opened, requests: asked.resident.map(\.request))
      samples = AskedModel(opened, samples: asked.prepared, resident: asked.resident)
      truth = asked.truth
    } catch {
      opened.close()
      throw Self.failure(error)
    }
  }

  // MARK: A server

  init(address: HTTPAddress, inputs: InputArguments, method: String?, seed: UInt64) throws {
    let lengths = try inputs.lengths
    model = nil
    watch = RunWatch(address)
    concurrency = Self.serverConcurrency
    do {
      let dialect = try DialectPaths.open(
        address, encoding: try inputs.bodyEncoding, needsSignature: inputs.needsSignature,
        isScored: inputs.isScored)
      facts = [
        (key: "target", value: dialect.address.text),
        (key: "where", value: "over HTTP/1.1, connected before the clock starts"),
        (key: "encoding", value: dialect.name),
      ]
      let isPlain = dialect is PlainDialect
      guard !isPlain || !inputs.data.isEmpty else {
        let server = ServerTarget(address, method: method ?? "GET")
        try server.check { _ in nil }
        (target, samples, truth) = (server, nil, nil)
        return
      }
      let rowsPerSample = dialect.signature.map { SampleTensors($0).rowsPerSample } ?? 1
      let set = try inputs.set(rowsPerSample: rowsPerSample, isPosted: isPlain) {
        guard let signature = dialect.signature else { return [] }
        // In JSON fewer, because they are several times as long.
        let byteCountMax = inputs.encoding == nil ? 64 << 20 : 8 << 20
        return try SampleInputs(signature, lengths: lengths)
          .requests(seed: seed, byteCountMax: byteCountMax)
      }
      let post = isPlain ? method ?? "POST" : "POST"
      let server = ServerTarget(
        dialect.address, method: post, bodies: try ResidentSamples.bodies(set, dialect))
      try server.check(dialect.problem)
      target = server
      samples = AskedServer(dialect, set: set, method: post)
      truth = set.truth
    } catch let problem as CallProblem {
      throw Failure.operation("\(address.text): \(problem.text)")
    } catch {
      throw Self.failure(error)
    }
  }

  private static func failure(_ error: any Error) -> any Error {
    error is ExitCode ? error : Failure.operation("\(error)")
  }
}

/// What a model in this process is asked.
struct ModelInputs {
  let prepared: ModelSamples
  /// Those that stay in memory.
  let resident: [ModelSamples.Prepared]
  /// What is right for each sample; `nil` where that is not known.
  let truth: SampleTruth?
}

extension InputArguments {
  /// What a model in this process is asked: samples that are named, or else made up; of them those that
  /// stay in memory.
  func samples(of model: OpenModel, seed: UInt64) throws -> ModelInputs {
    let lengths = try lengths
    let tensors = SampleTensors(model.lease.signature)
    let set = try set(rowsPerSample: tensors.rowsPerSample) {
      try SampleInputs(tensors.signature, lengths: lengths).requests(seed: seed)
    }
    let prepared = ModelSamples(set, task: model.task, tensors: tensors)
    return ModelInputs(
      prepared: prepared, resident: try ResidentSamples.requests(prepared), truth: set.truth)
  }

  /// The samples that are named, or else those that are made up.
  func set(
    rowsPerSample: Int, isPosted: Bool = false, madeUp: () throws -> [TensorRequest]
  ) throws -> SampleSet {
    guard data.isEmpty else {
      var options = SampleFiles.Options(paths: data)
      options.label = samples.label
      options.truth = samples.truth
      options.rowsPerSample = rowsPerSample
      options.arePosted = isPosted
      return try SampleFiles.read(options)
    }
    let requests = try madeUp()
    guard !requests.isEmpty else {
      throw Failure.usage(
        "this address does not say what its model takes; say with --data what is to be asked")
    }
    return SampleSet(requests.map { .tensors($0) })
  }

  /// Inputs are made up, or made of rows or arrays; documents and photos need none.
  var needsSignature: Bool { !SampleFiles.areSelfContained(data) }

  /// Something says what is right, so that answers are judged.
  var isScored: Bool {
    samples.label != nil || samples.truth != nil || SampleFiles.mayHaveBoxes(data)
  }

  var bodyEncoding: BodyEncoding? {
    get throws {
      guard let encoding else { return nil }
      guard let known = BodyEncoding(rawValue: encoding) else {
        let names = BodyEncoding.allCases.map(\.rawValue).joined(separator: ", ")
        throw Failure.usage("--encoding: expected one of \(names), got \(encoding)")
      }
      return known
    }
  }
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
