import Inference
import Settings

/// Processes in which the model runs.
extension OwnDialect {
  mutating func takeWorkers() {
    if let isolation = root.text("isolation") { model.worker.isIsolated = isolation == "process" }
    if let group = root.group("worker") { takeWorker(group) }
    if let group = root.group("python") { takePython(group) }
  }

  private mutating func takeWorker(_ group: ConfigurationGroup) {
    if group.has("memory") {
      let texts = group.tree("memory")?.plainTexts ?? []
      if texts.count == 1, let bytes = ByteSize.parse(texts[0]), bytes >= 64 << 20 {
        model.worker.memoryBytesMax = bytes
      } else {
        wrong("a size from 64MiB, such as 2GiB", group, "memory")
      }
    }
    if let cores = group.number("cpus") {
      if cores >= 0.01, cores <= 10_000 {
        model.worker.coreThousandthsMax = Int(cores * 1000)
      } else {
        wrong("a number of cores from 0.01, such as 1.5", group, "cpus")
      }
    }
    if let count = group.integer("processes") { model.worker.processesMax = count }
    if let time = time(group, "start-timeout") { model.worker.startNanosecondsMax = time }
    if let time = time(group, "run-timeout") { model.worker.runNanosecondsMax = time }
    if let may = group.isTrue("network") { model.worker.mayUseNetwork = may }
    if let isReadOnly = group.isTrue("read-only") { model.worker.isReadOnly = isReadOnly }
    if let may = group.isTrue("child-processes") { model.worker.mayStartProcesses = may }
    if let count = group.integer("in-flight") { model.worker.runsInFlight = count }
  }

  private mutating func time(_ group: ConfigurationGroup, _ key: String) -> UInt64? {
    guard let time = group.nanoseconds(key) else { return nil }
    if time == 0 { wrong("a length of time above 0", group, key) }
    return time
  }

  private mutating func takePython(_ group: ConfigurationGroup) {
    if let path = group.word("interpreter") {
      model.python.interpreter = path.contains("/") ? beside(path) : path
    }
    if let allows = group.isTrue("allow-pickle") { model.python.allowsPickle = allows }
    if let kind = group.word("kind") { model.python.kind = kind }
    for (key, text) in group.keyedTexts("parameters") { model.python.parameters[key] = text }
  }
}
