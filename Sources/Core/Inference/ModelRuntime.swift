/// Where a model's bytes are.
package enum ModelSource: Sendable {
  /// A file or directory on this machine.
  case file(path: String)
  /// Bytes inside this program, which stay where they are for its whole life.
  case embedded(name: String, StaticBytes)

  /// How the source is named to people.
  package var name: String {
    switch self {
    case .file(let path): path
    case .embedded(let name, _): name
    }
  }
}

/// Read-only bytes that are part of the program.
package struct StaticBytes: @unchecked Sendable {
  /// Constant data of the executable: never written, never freed.
  package let bytes: UnsafeRawBufferPointer

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }
}

/// How a model is to be run; settings of the operator, not of the request.
package struct RuntimeOptions: Sendable, Equatable {
  /// Threads that one run may use, 1 or more.
  package var threadCount: Int
  package var precision: Precision
  /// Instances that will run at the same time, 1 or more; a runtime that sets something aside for
  /// each does so for that many. More instances are right, too, but wait for each other.
  package var callerCount: Int

  package enum Precision: String, Sendable, CaseIterable {
    /// Exact: the same bits on every run.
    case f32
    /// Whatever this processor does best.
    case auto
    /// Sixteen bits with the range of `f32`; refused where the processor does not compute with them.
    case bf16
    /// Eight-bit integers, of a model that is quantised already; refused for any other.
    case int8
  }

  package init(threadCount: Int = 1, precision: Precision = .f32, callerCount: Int = 1) {
    self.threadCount = threadCount
    self.precision = precision
    self.callerCount = callerCount
  }
}

/// What a loaded model can and cannot do, beyond its signature.
package struct ModelCapabilities: Sendable {
  /// Keeps state between the requests of a sequence.
  package var isStateful = false
  /// May answer a request with any number of parts, none included.
  package var isDecoupled = false
  /// A row's answer has the same bits whatever runs beside it.
  package var isBatchInvariant = false
  /// Says of itself that a run takes a few microseconds, never blocks, and may run on an event loop
  /// before anything was measured.
  package var isDeclaredCheap = false
  /// Can compute on an accelerator of this machine.
  package var hasGPU = false

  package init() {}
}

/// Loads models of one kind.
package protocol ModelLoader: Sendable {
  /// The runtime's name, as metadata and `doctor` show it: `onnxruntime`.
  var runtimeName: String { get }
  /// Loads a model; blocks, so not on an event loop. Loads may happen at the same time.
  func load(_ source: ModelSource, options: RuntimeOptions) throws(RuntimeFault) -> any LoadedModel
  /// Whether a load with these options leaves no thread behind that later runs the model. Threads
  /// inherit the priority of the one that starts them, so only such a load may have a low one.
  func leavesNoThread(options: RuntimeOptions) -> Bool
}

extension ModelLoader {
  /// Nothing is known: the load keeps the priority of everything else.
  package func leavesNoThread(options: RuntimeOptions) -> Bool { false }
}

/// A model whose weights are in memory, once.
package protocol LoadedModel: AnyObject, Sendable {
  var signature: ModelSignature { get }
  var capabilities: ModelCapabilities { get }
  /// Bytes of memory that the model holds, as well as the runtime can tell.
  var footprintByteCount: Int { get }
  /// `platform` in V2 metadata: `onnxruntime_onnx`.
  var platformName: String { get }
  /// Why it cannot answer at this moment though it is loaded: a model that it asks in turn does not.
  var obstacle: String? { get }
}

extension LoadedModel {
  package var obstacle: String? { nil }
}

/// A model that computes on the calling thread.
package protocol ComputingModel: LoadedModel {
  /// One more caller of the same weights. `stop` is the caller's to raise, for as long as the
  /// instance lives.
  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance
}

/// One caller of a loaded model, owned by one model thread or one event loop.
///
/// Not `Sendable`, so that the compiler keeps it on its thread.
package protocol ModelInstance: AnyObject {
  /// Computes a batch and emits its answers, each row's before it returns. Blocks for as long as
  /// the model takes; ends early with `.stopped` when its stop flag is raised.
  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault)
}

/// A model that answers from elsewhere: a worker process, another server, other models. Occupies no
/// thread of ours.
package protocol WaitingModel: LoadedModel {
  /// Runs that may be under way at once; `nil` where that is the operator's to say.
  var runsMax: Int? { get }
  /// Runs that one instance may have at once, 1 or more: with 2, the next lies ready when one ends.
  var runsPerInstance: Int { get }
  /// Starts a batch; returns at once. `completion` is called once, on any thread.
  func start(
    _ batch: RunBatch, stop: StopFlag,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void)
  /// The same for decoupled models, whose outputs go to `emit` as they come, on any thread and one after
  /// the other; all else is for `completion`. `emit` may hold the run up as it does of instances.
  func start(
    _ batch: RunBatch, stop: StopFlag, emit: @escaping @Sendable (RunPart) -> Void,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void)
}

extension WaitingModel {
  /// All parts come at the end.
  package func start(
    _ batch: RunBatch, stop: StopFlag, emit: @escaping @Sendable (RunPart) -> Void,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    start(batch, stop: stop, completion: completion)
  }

  package var runsMax: Int? { nil }
  package var runsPerInstance: Int { 1 }
}

/// A model that advances sequences of tokens; a scheduler owns the sequences.
package protocol TokenModel: LoadedModel {
  /// Feeds each sequence its tokens and gives the logits that follow the last, vocabulary-sized.
  func step(_ sequences: [TokenStep]) throws(RuntimeFault) -> [Tensor]
}

/// What one sequence is fed in one step.
package struct TokenStep: Sendable {
  package let sequence: Int
  package let tokens: [Int32]

  package init(sequence: Int, tokens: [Int32]) {
    self.sequence = sequence
    self.tokens = tokens
  }
}

/// What one run computes.
package struct RunBatch: Sendable {
  /// One place for each input of the signature; `nil` where an optional input is absent.
  package var inputs: [Tensor?]
  /// Rows on axis 0, or 1 where the model has no row axis.
  package var rowCount: Int
  /// Places of the wanted outputs; empty means all but those that are given on request.
  package var outputs: [Int]
  package var outputMemory: any TensorMemory
  package var parameters: [Parameter]
  /// For models of iterative sequences: what each row's last run asked to be given (`RunPart.again`),
  /// empty for a row that runs for the first time. Empty as a whole for all other models.
  package var carried: [[Tensor]] = []
  /// What surrounds the request, its deadline as its queue understood it; for a model that waits,
  /// where the run is one request's alone.
  package var context: RequestContext?
  /// Which method is asked, by its number in the signature; 0 is the model itself.
  package var method = 0
  /// Models through which its requests came; the longest way, where several runs are one.
  package var askedThrough: [String] = []

  package init(
    inputs: [Tensor?], rowCount: Int, outputs: [Int] = [],
    outputMemory: any TensorMemory = PooledMemory(), parameters: [Parameter] = []
  ) {
    self.inputs = inputs
    self.rowCount = rowCount
    self.outputs = outputs
    self.outputMemory = outputMemory
    self.parameters = parameters
  }
}

/// What a run gives.
///
/// A decoupled model gives any number of `outputs` for a row, each of them a part of that row's answer,
/// which leaves while the run goes on. `emit` may hold such a run up for a moment, until its client has
/// taken what it was given.
package enum RunPart: Sendable {
  /// Outputs for these rows, in the order in which they were wanted, or that of the signature.
  case outputs(rows: Range<Int>, [Tensor])
  /// This row alone failed.
  case failed(row: Int, RuntimeFault)
  /// This row is not finished: it is to run again, beside whatever waits by then, and is given these
  /// tensors then. Understood of models that are served with iterative sequences.
  case again(row: Int, carrying: [Tensor])
  /// All parts of this row's answer are given, though the run goes on for others: its request may end
  /// now. Of decoupled models without sequences; every other row is done when its run ends.
  case done(row: Int)
}
