import Monitoring
import Workers

/// What a program does with the words of its workers: the server logs them, a command shows what takes
/// long.
struct WorkerObserver: Sendable {
  let observe: @Sendable (_ model: String, WorkerEvent) -> Void
  let progress: @Sendable (_ model: String, String) -> Void

  init() {
    observe = { _, _ in }
    progress = { model, words in Terminal.tell("\(model): \(words)") }
  }

  init(_ log: ServerLog, _ metrics: Metrics) {
    observe = { model, event in
      if case .measured(_, let metric) = event {
        metrics.modelSays(
          metric.name, metric.value, of: model, adds: metric.kind == .counter)
      } else {
        Self.write(event, of: model, to: log)
      }
    }
    progress = { model, words in log.write(.info, "model \(model): \(words)") }
  }

  private static func write(_ event: WorkerEvent, of model: String, to log: ServerLog) {
    switch event {
    case .wrote(let instance, let line):
      log.write(.info, "worker \(model)#\(instance): \(line)")
    case .wroteTooMuch(let instance, _):
      log.write(
        .warn, "worker \(model)#\(instance) writes too much; the rest of this second is left out")
    case .started(let instance, let process, let bounds):
      log.write(
        .info,
        "worker \(model)#\(instance) started as process \(process)"
          + (bounds.isEmpty ? "" : "; \(bounds)"))
    case .ended(let instance, let reason):
      log.write(.warn, "worker \(model)#\(instance): \(reason)")
    case .measured: break
    }
  }
}
