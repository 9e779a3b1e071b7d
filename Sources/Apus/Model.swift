internal import Glibc
internal import Inference
internal import OnnxRuntime
internal import Serving
internal import Synchronization
internal import Vision

/// A model in memory, ready to be asked from any number of tasks at once.
///
/// Its threads and its memory go when the last reference does.
///
///     let model = try await Model.load("yolo11n.onnx")
///     for found in try await model.detect(photo) { print(found.label, found.score) }
public final class Model: Sendable {
  /// How a model is run.
  public struct Options: Sendable {
    /// Requests that are computed at the same time; `nil`: as many as cores and threads allow.
    public var instances: Int?
    /// Threads that one computation may use, 1 or more.
    public var threads = 1
    /// Requests that may wait before further ones fail as `overloaded`.
    public var waitingMax = 1_024
    /// Class names; empty: those that the model brings.
    public var labels: [String] = []

    /// The defaults.
    public init() {}
  }

  /// What a model takes or gives.
  public struct Port: Sendable, Equatable {
    /// The name in the model.
    public let name: String
    /// The Open Inference Protocol's name of the element type: `FP32`.
    public let datatypeName: String
    /// Lengths of the axes, outermost first; -1 where any length goes.
    public let shape: [Int]
  }

  private let server: InferenceServer
  private let entrance: Entrance
  let lease: ModelLease
  let task: VisionTask

  /// Loads a model file; ONNX. Takes from milliseconds to seconds and occupies no task meanwhile.
  ///
  /// - Throws: `ModelError.notLoaded` with the file and the cause.
  public static func load(
    _ path: String, options: Options = Options()
  ) async throws(ModelError) -> Model {
    let result = await withCheckedContinuation { continuation in
      let thread = NamedThread(name: "apus:load") {
        continuation.resume(returning: Self.loaded(path, options: options))
      }
      thread.detach()
    }
    return try result.get()
  }

  private static func loaded(_ path: String, options: Options) -> Result<Model, ModelError> {
    do throws(ModelError) {
      return .success(try Model(path: path, options: options))
    } catch {
      return .failure(error)
    }
  }

  private init(path: String, options: Options) throws(ModelError) {
    let settings = ServingSettings(coreCount: max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
    server = InferenceServer(settings: settings, loopCount: 0, observer: SilentObserver())
    entrance = server.makeEntrance(isEventLoop: false)
    var specification = ModelSpecification(
      name: Self.name(of: path), source: .file(path: path), loader: OnnxLoader(),
      options: RuntimeOptions(threadCount: max(1, options.threads)))
    specification.instanceCount = options.instances
    specification.waitingRequestsMax = options.waitingMax
    specification.labels = options.labels
    do throws(ServerFault) {
      try server.load(specification)
    } catch {
      throw .notLoaded("\(error)")
    }
    do throws(InferenceFailure) {
      lease = try entrance.lease(ModelAddress(name: specification.name))
    } catch {
      throw ModelError(error)
    }
    task = VisionTask.recognise(signature: lease.signature, labels: options.labels)
  }

  /// The file's name without its ending.
  public var name: String { lease.name }
  /// What the model takes.
  public var inputs: [Port] { lease.signature.inputs.map(Port.init) }
  /// What the model gives.
  public var outputs: [Port] { lease.signature.outputs.map(Port.init) }
  /// What the model says about itself.
  public var metadata: [String: String] { lease.signature.metadata }

  /// Asks the model.
  ///
  /// - Parameter inputs: one tensor for each of the model's inputs, by name.
  /// - Returns: the model's outputs, by name.
  /// - Throws: `ModelError.invalidInput` where a name, datatype or shape does not fit;
  ///   `.cancelled` where the calling task was cancelled first.
  public func predict(_ inputs: [String: Tensor]) async throws(ModelError) -> [String: Tensor] {
    let outputs = try await run(try arranged(inputs))
    return Dictionary(outputs.map { ($0.name, Tensor($0.tensor)) }) { first, _ in first }
  }

  private func arranged(_ inputs: [String: Tensor]) throws(ModelError) -> [Inference.Tensor?] {
    let described = lease.signature.inputs
    let names = described.map(\.name)
    if let stranger = inputs.keys.sorted().first(where: { !names.contains($0) }) {
      throw ModelError(.invalidInput(.unknownInput(stranger, known: names)))
    }
    var arranged: [Inference.Tensor?] = []
    for input in described {
      guard let tensor = inputs[input.name]?.inner else {
        if !input.isOptional { throw ModelError(.invalidInput(.missingInput(input.name))) }
        arranged.append(nil)
        continue
      }
      if tensor.datatype != input.datatype {
        throw ModelError(
          .invalidInput(
            .wrongDatatype(input: input.name, expected: input.datatype, got: tensor.datatype)))
      }
      if !input.admits(tensor.shape) {
        throw ModelError(
          .invalidInput(
            .wrongShape(
              input: input.name, expected: input.metadataShape, got: tensor.shape.array)))
      }
      arranged.append(tensor)
    }
    return arranged
  }

  /// Submits tensors and waits for the answer; cancels the request when the task is cancelled.
  func run(_ inputs: [Inference.Tensor?]) async throws(ModelError) -> [NamedTensor] {
    let submission = Submission()
    let context = RequestContext(
      id: "", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    let request = InferenceRequest(context: context, body: .tensors(TensorRequest(inputs: inputs)))
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        submission.begin(continuation) { [entrance, lease] in
          entrance.submit(request, to: lease, sink: submission)
        }
      }
    } onCancel: {
      submission.cancel()
    }
    return try result.get()
  }

  private static func name(of path: String) -> String {
    let file = path.split(separator: "/").last ?? "model"
    return String(file.split(separator: ".").first ?? file)
  }
}

extension Model.Port {
  init(_ description: TensorDescription) {
    self.init(
      name: description.name, datatypeName: description.datatype.name,
      shape: description.metadataShape)
  }
}

/// Hears nothing: an embedded model has no operator.
private struct SilentObserver: EventObserver {
  func happened(_ event: InferenceEvent) {}
  func finished(_ record: RequestRecord) {}
}
