import Batching
import Inference
import Settings

/// How many callers the model has, where they run, and what their runs occupy.
extension OwnDialect {
  mutating func takeInstances() {
    if root.has("instances") {
      model.instanceCount = integer("instances", .instances)
      model.scheduling.instances = model.instanceCount.map { [InstanceGroup(count: $0)] } ?? []
    }
    if let policy = root.word("host-policy") {
      model.scheduling.changeInstances { $0.hostPolicy = policy }
    }
    if let limiter = root.group("rate-limit") {
      let limit = limiter.rateLimit(usualCount: 1) { wrong("a name", $0, "name") }
      model.scheduling.changeInstances { $0.limit = limit }
    }
  }

  mutating func checkInstances() {
    if root.has("rate-limit"), let reason = model.unlimitedReason {
      model.notes.warn("rate-limit: \(reason)", in: file, at: root.place(of: "rate-limit"))
    }
    if let reason = root.word("host-policy").flatMap(model.unpinnedReason) {
      model.notes.warn("host-policy: \(reason)", in: file, at: root.place(of: "host-policy"))
    }
    let (instances, threads) = (model.instanceCount ?? 1, model.options.threadCount)
    guard instances * threads > model.machine.cores else { return }
    model.notes.stop(
      "\(instances) instances of \(threads) runtime threads are more than "
        + "the \(model.machine.cores) cores that Apus may use", in: file,
      at: root.has("instances") ? root.place(of: "instances") : nil)
  }
}
