import Reports

extension RunUse {
  /// As a person reads it: what the server told, what its process took, energy; what is not known is left
  /// out.
  func facts(sampleCount: Int) -> [(String, String)] {
    var facts: [(String, String)] = []
    if let phases {
      let parts = ServerStatistics.names.compactMap { name -> String? in
        guard let mean = phases.means[name] else { return nil }
        let words = name.split(separator: "_").joined(separator: " ")
        return "\(words) \(MillisecondText.of(mean * 1e6))"
      }
      if !parts.isEmpty { facts.append(("in the server, ms", parts.joined(separator: ", "))) }
    }
    if let cores, let processName {
      let memory = memoryBytes.map { ", \(Readable.bytes(Int($0)))" } ?? ""
      let both = isServer ? "" : ", with the load generator"
      facts.append(
        (
          isServer ? "server takes" : "process takes",
          "\(Readable.decimal(cores, places: 2)) cores\(memory) (\(processName)\(both))"
        ))
    }
    if let joules, seconds > 0 {
      let perSample =
        sampleCount > 0
        ? ", \(Readable.decimal(joules.amount / Double(sampleCount), places: 3)) J a sample" : ""
      facts.append(
        (
          "power, whole machine",
          "\(Readable.decimal(joules.amount / seconds, places: 1)) W\(perSample)"
        )
      )
    }
    return facts
  }
}
