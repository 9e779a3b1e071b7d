import Glibc
package import Inference
package import Serving

/// A model loaded and asked once, by itself: what it is, what it costs.
package struct ModelTrial: Sendable {
  package let status: ModelStatus
  package let signature: ModelSignature
  package let labels: [String]
  /// The task that the operator named.
  package let taskName: String?
  package let loadNanoseconds: UInt64
  /// `nil` where it could not be asked; `runProblem` then says why.
  package let run: Run?
  package let runProblem: String?

  /// One run on zeros, the first of all, and so the slowest.
  package struct Run: Sendable {
    package let nanoseconds: UInt64
    /// Memory that the first run took and keeps: what each further instance will take.
    package let grownByteCount: Int
  }

  /// Loads the model with one instance, asks it and unloads it. Blocks for as long as that takes.
  package static func run(
    _ specification: ModelSpecification
  ) throws(ServerFault) -> ModelTrial {
    var specification = specification
    specification.instanceCount = 1
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 0, observer: DeafObserver())
    defer { server.shutDown() }
    let began = MonotonicClock.now()
    try server.load(specification)
    let loadNanoseconds = MonotonicClock.now().nanoseconds(since: began)
    let entrance = server.makeEntrance(isEventLoop: false)
    do throws(InferenceFailure) {
      let lease = try entrance.lease(ModelAddress(name: specification.name))
      let (run, problem) = ask(lease, through: entrance)
      guard let status = server.statuses.first else {
        throw .modelNotReady(
          name: specification.name, state: .gone)
      }
      return ModelTrial(
        status: status, signature: lease.signature, labels: lease.labels, taskName: lease.task,
        loadNanoseconds: loadNanoseconds, run: run, runProblem: problem)
    } catch {
      throw .modelLoadFailed(
        model: specification.name, file: specification.source.name,
        RuntimeFault(code: .failed, message: FailureMessage.text(for: error)))
    }
  }

  private static func ask(
    _ lease: ModelLease, through entrance: Entrance
  ) -> (Run?, problem: String?) {
    guard let request = TrialRequest.zeros(for: lease.signature) else {
      return (nil, "its inputs are too large to be tried")
    }
    let before = ResidentMemory.byteCount
    do throws(InferenceFailure) {
      let served = try entrance.ask(request, of: lease).served
      let grown = max(0, ResidentMemory.byteCount - before - request.byteCount)
      return (
        Run(
          nanoseconds: served.computed.nanoseconds(since: served.started), grownByteCount: grown),
        nil
      )
    } catch {
      return (nil, FailureMessage.text(for: error))
    }
  }
}

/// Bytes of memory that this process occupies now.
package enum ResidentMemory {
  package static var byteCount: Int {
    // proc(5): `/proc/self/statm` has sizes in pages; the second is what is resident.
    guard let stream = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(stream) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), stream) != nil else { return 0 }
    let digits = line.split(separator: 32).dropFirst().first ?? []
    return digits.reduce(0) { $0 * 10 + Int($1) - 48 } * Int(getpagesize())
  }
}

/// Hears nothing: a trial has no operator.
private struct DeafObserver: EventObserver {
  func happened(_ event: InferenceEvent) {}
  func finished(_ record: RequestRecord) {}
}
