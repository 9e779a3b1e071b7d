import Glibc
import Reports
package import WireFormats

/// What a run was measured on; for its report.
package struct LoadEnvironment: Sendable {
  /// Key and value, in the order in which they are printed.
  package let facts: [(key: String, value: String)]

  /// - Parameter facts: what only the command knows: its version, the target, what computes.
  package static func read(adding facts: [(key: String, value: String)]) -> LoadEnvironment {
    let governor = SystemText.firstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    let kernel = SystemText.firstLine("/proc/sys/kernel/osrelease")
    let processor = SystemText.of("/proc/cpuinfo", byteCountMax: 1 << 20)
    let own = [
      ("processor", field("model name", in: processor)),
      ("extensions", extensions(field("flags", in: processor))),
      ("cores", String(sysconf(Int32(_SC_NPROCESSORS_ONLN)))), ("affinity", affinity),
      ("governor", governor), ("memory", memory), ("kernel", kernel),
      ("git", GitRevision.current ?? ""), ("measured_at", now),
    ]
    return LoadEnvironment(facts: facts + own.filter { !$0.1.isEmpty }.map { (key: $0, value: $1) })
  }

  /// The value of a line `name : value`, the first of that name.
  private static func field(_ name: String, in text: String) -> String {
    for line in text.split(separator: "\n") where line.hasPrefix(name) {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { return String(parts[1].drop { $0 == " " }) }
    }
    return ""
  }

  /// Of a processor's many flags those that decide how fast models are.
  static func extensions(_ flags: String) -> String {
    let known: Set = [
      "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "avx_vnni",
      "amx_tile", "amx_int8", "amx_bf16", "amx_fp16",
    ]
    return flags.split(separator: " ").map(String.init).filter(known.contains)
      .joined(separator: " ")
  }

  /// The cores that this process may use, where these are not all.
  private static var affinity: String {
    let list = field("Cpus_allowed_list", in: SystemText.of("/proc/self/status"))
    return String(list.drop { $0 == "\t" })
  }

  private static var memory: String {
    let total = field("MemTotal", in: SystemText.of("/proc/meminfo"))
    guard let kibibytes = Int(total.prefix { $0.isNumber }) else { return "" }
    return Readable.bytes(kibibytes << 10)
  }

  /// ISO 8601, in UTC.
  private static var now: String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  package var json: JSONValue {
    .object(facts.map { JSONValue.Member($0.key, .string($0.value)) })
  }
}
