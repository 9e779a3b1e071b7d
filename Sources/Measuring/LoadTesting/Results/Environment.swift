import Glibc
package import WireFormats

/// What a run was measured on; for its report.
package struct LoadEnvironment: Sendable {
  /// Key and value, in the order in which they are printed.
  package let facts: [(key: String, value: String)]

  /// - Parameter facts: what only the command knows: its version, the target, what computes.
  package static func read(adding facts: [(key: String, value: String)]) -> LoadEnvironment {
    let governor = SystemText.firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    let kernel = SystemText.firstLine("/proc/sys/kernel/osrelease")
    let own = [
      ("processor", processor), ("cores", String(sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
      ("governor", governor), ("kernel", kernel),
    ]
    return LoadEnvironment(facts: facts + own.filter { !$0.1.isEmpty }.map { (key: $0, value: $1) })
  }

  private static var processor: String {
    for line in SystemText.of("/proc/cpuinfo").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].hasPrefix("model name") else { continue }
      return String(parts[1].drop { $0 == " " })
    }
    return ""
  }

  package var json: JSONValue {
    .object(facts.map { JSONValue.Member($0.key, .string($0.value)) })
  }
}
