import Glibc
import Inference
import Synchronization

/// One load of one version, on a thread of its own: the runtime's load, the warm-up requests, and the
/// run that proves that the model answers.
///
/// The thread has a low priority where nothing that serves would inherit it and no request waits, so
/// that what serves keeps the processor. Reports its end once, unless it was given up before.
final class LoadAttempt: Sendable {
  let key: ModelKey
  let revision: UInt64
  let specification: ModelSpecification
  /// Ends the warm-up and the proof.
  let stop = StopFlag()
  /// Requests wait for it.
  private let isUrgent: Bool
  private let orders: CaretakerOrders
  private let settings: ServingSettings

  /// How nice a loading thread is: about a tenth of a core beside one that serves.
  private static let niceness: Int32 = 10

  init(
    _ key: ModelKey, revision: UInt64, specification: ModelSpecification,
    isUrgent: Bool, orders: CaretakerOrders, settings: ServingSettings
  ) {
    self.key = key
    self.revision = revision
    self.specification = specification
    self.isUrgent = isUrgent
    self.orders = orders
    self.settings = settings
  }

  func start() {
    NamedThread(name: "load:\(key.name)") { self.run() }.detach()
  }

  // MARK: On the thread itself

  private func run() {
    if !isUrgent, specification.loader.leavesNoThread(options: specification.options) {
      // Refused nowhere: everybody may become nicer. 0 means this thread.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
    }
    let result: Result<any LoadedModel, RuntimeFault>
    do throws(RuntimeFault) {
      var options = specification.options
      options.callerCount = InstancePlan.wanted(for: specification, settings: settings)
      let loaded = try declared(
        specification.loader.load(specification.source, options: options))
      try prove(loaded)
      result = .success(loaded)
    } catch {
      result = .failure(error)
    }
    orders.give(.loadEnded(self, result))
  }

  /// The model as its operator declared it, where anything was declared.
  private func declared(
    _ model: any LoadedModel
  ) throws(RuntimeFault) -> any LoadedModel {
    guard let declared = specification.declared else { return model }
    do {
      if let computing = model as? any ComputingModel {
        return try DeclaredModel(computing, as: declared)
      }
      if let waiting = model as? any WaitingModel {
        return try DeclaredWaitingModel(waiting, as: declared)
      }
    } catch {
      throw RuntimeFault(code: .invalidModel, message: error.sentence)
    }
    throw RuntimeFault(
      code: .invalidModel, message: "inputs and outputs cannot be declared for a model of its kind")
  }

  /// A model that is made of others has no proof of its own: those have had theirs.
  private var proves: Bool { settings.proofRunTimeout != nil && specification.needs.isEmpty }

  private func prove(_ loaded: any LoadedModel) throws(RuntimeFault) {
    guard proves || !specification.warmUps.isEmpty else { return }
    let zeros = proves ? TrialTensors.zeros(for: loaded.signature) : nil
    orders.give(.proofBegan(self, at: MonotonicClock.now()))
    let asker = try TrialAsker(loaded, stop: stop)
    for warmUp in specification.warmUps {
      let inputs = try TrialTensors.inputs(of: warmUp, for: loaded.signature)
      for _ in 0..<warmUp.count { try asker.ask(inputs, rowCount: max(1, warmUp.batchSize)) }
    }
    guard let zeros else { return }
    do throws(RuntimeFault) {
      try asker.ask(zeros, rowCount: 1)
    } catch {
      switch error.code {
      // Zeros, and lengths of 1, are nothing that every model takes: it answered, if by refusing.
      case .invalidArgument, .failed: break
      case .stopped, .outOfMemory, .invalidModel, .runtimeMissing: throw error
      }
    }
  }
}

/// Asks a model that nobody is served by yet, on an instance of its own.
private final class TrialAsker {
  private let loaded: any LoadedModel
  private let stop: StopFlag
  private let instance: (any ModelInstance)?

  init(_ loaded: any LoadedModel, stop: StopFlag) throws(RuntimeFault) {
    self.loaded = loaded
    self.stop = stop
    instance = try (loaded as? any ComputingModel)?.makeInstance(stop: stop)
  }

  func ask(_ inputs: [Tensor?], rowCount: Int) throws(RuntimeFault) {
    let batch = RunBatch(inputs: inputs, rowCount: rowCount)
    if let instance {
      var fault: RuntimeFault?
      try instance.run(batch) { part in
        if case .failed(_, let rowFault) = part { fault = rowFault }
      }
      if let fault { throw fault }
    } else if let waiting = loaded as? any WaitingModel {
      let answer = Signal<Result<[RunPart], RuntimeFault>?>(nil)
      waiting.start(batch, stop: stop) { outcome in answer.update { $0 = outcome } }
      _ = try answer.sleepUntilReady { $0 }?.get()
    }
  }
}
