import Glibc

/// What the machine's processors did since its start, and how much of it others took from us.
struct MachineTimes: Sendable {
  private let all: UInt64
  private let stolen: UInt64

  /// Of the run between two readings, the fraction of processor time that the hypervisor gave to
  /// somebody else; 0 on a machine that does not tell.
  func stolenFraction(until later: MachineTimes) -> Double {
    guard later.all > all, later.stolen >= stolen else { return 0 }
    return Double(later.stolen - stolen) / Double(later.all - all)
  }

  static func now() -> MachineTimes { MachineTimes(line: SystemText.firstLine("/proc/stat")) }

  /// proc(5): `cpu user nice system idle iowait irq softirq steal guest guest_nice`, in ticks; the
  /// guests' are counted among the first two already.
  init(line: String) {
    let ticks = line.split(separator: " ").dropFirst().prefix(8).map { UInt64($0) ?? 0 }
    all = ticks.reduce(0, +)
    stolen = ticks.count == 8 ? ticks[7] : 0
  }
}

/// Small files of the system.
enum SystemText {
  private static let byteCountMax = 64 << 10

  /// The text of a file; empty where it cannot be read.
  static func of(_ path: String) -> String {
    guard let stream = fopen(path, "r") else { return "" }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: byteCountMax)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, stream)], as: UTF8.self)
  }

  /// What an error's number means.
  static func ofError(_ number: Int32) -> String { String(cString: strerror(number)) }

  static func firstLine(_ path: String) -> String {
    of(path).split(separator: "\n").first.map(String.init) ?? ""
  }
}
