import Glibc

/// What the machine's processors did since its start, and who had them.
struct MachineTimes: Sendable {
  /// All that a moment is told by; ticks, unless their names say otherwise.
  private let all: UInt64
  private let stolen: UInt64
  /// By processes, in and out of the kernel; interrupts belong to nobody.
  private let used: UInt64
  /// Of this process and of the target's; `nil` where the latter are not seen.
  private var ownSeconds: Double?
  private var targetSeconds: Double?
  private var heldBackMicroseconds: UInt64 = 0
  private var heatCount: UInt64 = 0

  /// Of the run between two readings, the fraction of processor time that the hypervisor gave to
  /// somebody else; 0 on a machine that does not tell.
  func stolenFraction(until later: MachineTimes) -> Double {
    guard later.all > all, later.stolen >= stolen else { return 0 }
    return Double(later.stolen - stolen) / Double(later.all - all)
  }

  /// What else happened between two readings.
  ///
  /// - Parameter mayHaveHelpers: others may work for the target, too. What they used is then taken for a
  ///   disturbance only where the target's own processes used more: the work was theirs.
  func disturbance(until later: MachineTimes, mayHaveHelpers: Bool) -> MachineDisturbance {
    let other = otherSeconds(until: later)
    let fraction = other.map { $0 / seconds(until: later) }
    let isTheirs = mayHaveHelpers && (other ?? 0) > (gained(\.targetSeconds, until: later) ?? 0)
    return MachineDisturbance(
      otherFraction: isTheirs ? nil : fraction, doubtfulFraction: isTheirs ? fraction : nil,
      heldBackSeconds: Double(later.heldBackMicroseconds &- heldBackMicroseconds) / 1e6,
      heatCount: Int(clamping: later.heatCount &- heatCount))
  }

  /// Of moments shorter than that the system's ticks tell too little.
  private static let leastSeconds = 1.0

  /// Seconds that all processors had.
  private func seconds(until later: MachineTimes) -> Double {
    guard later.all > all else { return 0 }
    return Double(later.all - all) / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  private func gained(
    _ part: KeyPath<MachineTimes, Double?>, until later: MachineTimes
  ) -> Double? {
    guard let before = self[keyPath: part], let after = later[keyPath: part] else { return nil }
    return max(0, after - before)
  }

  /// What neither this process nor the target's used; `nil` where that cannot be told.
  private func otherSeconds(until later: MachineTimes) -> Double? {
    guard seconds(until: later) >= Self.leastSeconds, later.used >= used,
      let own = gained(\.ownSeconds, until: later),
      let target = gained(\.targetSeconds, until: later)
    else { return nil }
    let used = Double(later.used - used) / Double(sysconf(Int32(_SC_CLK_TCK)))
    return max(0, used - own - target)
  }

  /// - Parameter host: whose processes are not others.
  static func now(_ host: TargetHost) -> MachineTimes {
    var times = MachineTimes(line: SystemText.firstLine("/proc/stat"))
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    times.ownSeconds = [usage.ru_utime, usage.ru_stime].reduce(0) {
      $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
    }
    times.targetSeconds = host.cpuSeconds
    times.heldBackMicroseconds = ProcessorLimits.heldBackMicroseconds
    times.heatCount = ProcessorLimits.heatCount
    return times
  }

  /// proc(5): `cpu user nice system idle iowait irq softirq steal guest guest_nice`, in ticks; the
  /// guests' are counted among the first two already.
  ///
  /// - Parameters:
  ///   - own: seconds of this process.
  ///   - target: those of the target's processes.
  init(line: String, own: Double? = nil, target: Double? = nil) {
    ownSeconds = own
    targetSeconds = target
    let ticks = line.split(separator: " ").dropFirst().prefix(8).map { UInt64($0) ?? 0 }
    all = ticks.reduce(0, +)
    stolen = ticks.count == 8 ? ticks[7] : 0
    used = ticks.prefix(3).reduce(0, +)
  }
}

/// What disturbed a run on this machine, beside the hypervisor.
struct MachineDisturbance: Sendable, Equatable {
  static let none = MachineDisturbance(otherFraction: nil, heldBackSeconds: 0, heatCount: 0)

  /// Of all processors' time, what processes used that are not the target's; `nil` where that cannot be
  /// told.
  let otherFraction: Double?
  /// The same of processes that may be the target's, since they used more than those that are.
  let doubtfulFraction: Double?
  /// For how long the group's limit kept threads of it from running, over all of them.
  let heldBackSeconds: Double
  /// How often a processor slowed down because of its temperature.
  let heatCount: Int

  init(
    otherFraction: Double?, doubtfulFraction: Double? = nil, heldBackSeconds: Double,
    heatCount: Int
  ) {
    self.otherFraction = otherFraction
    self.doubtfulFraction = doubtfulFraction
    self.heldBackSeconds = heldBackSeconds
    self.heatCount = heatCount
  }

  init(joining parts: [MachineDisturbance]) {
    otherFraction = Self.mean(parts.map(\.otherFraction))
    doubtfulFraction = Self.mean(parts.map(\.doubtfulFraction))
    heldBackSeconds = parts.reduce(0) { $0 + $1.heldBackSeconds }
    heatCount = parts.reduce(0) { $0 + $1.heatCount }
  }
}

extension MachineDisturbance {
  private static func mean(_ fractions: [Double?]) -> Double? {
    let known = fractions.compactMap { $0 }
    return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
  }
}

/// What keeps processors from their full speed, as Linux tells it; 0 where it does not.
private enum ProcessorLimits {
  /// cgroup v2, `cpu.stat`: since the group's beginning.
  static var heldBackMicroseconds: UInt64 {
    let own = SystemText.of("/proc/self/cgroup").split(separator: "\n").first {
      $0.hasPrefix("0::")
    }
    // In a container the path may be one that only the host knows.
    for group in [own.map { String($0.dropFirst(3)) } ?? "", ""] {
      for line in SystemText.of("/sys/fs/cgroup\(group)/cpu.stat").split(separator: "\n")
      where line.hasPrefix("throttled_usec ") {
        return UInt64(line.dropFirst("throttled_usec ".count)) ?? 0
      }
    }
    return 0
  }

  /// Since the machine's start, over all processors.
  static var heatCount: UInt64 {
    let folder = "/sys/devices/system/cpu/cpu"
    var sum: UInt64 = 0
    for number in 0..<min(1_024, sysconf(Int32(_SC_NPROCESSORS_CONF))) {
      let line = SystemText.firstLine("\(folder)\(number)/thermal_throttle/core_throttle_count")
      // Where the first does not tell, none does.
      guard let count = UInt64(line) else { return sum }
      sum &+= count
    }
    return sum
  }
}

/// Small files of the system.
enum SystemText {
  /// The text of a file; empty where it cannot be read.
  static func of(_ path: String, byteCountMax: Int = 64 << 10) -> String {
    guard let stream = fopen(path, "r") else { return "" }
    defer { fclose(stream) }
    var bytes = [UInt8](repeating: 0, count: byteCountMax)
    return String(decoding: bytes[..<fread(&bytes, 1, bytes.count, stream)], as: UTF8.self)
  }

  /// What an error's number means.
  static func ofError(_ number: Int32) -> String { String(cString: strerror(number)) }

  /// Where a symbolic link leads; `nil` where it is none, or not to be read.
  static func link(_ path: String) -> String? {
    var bytes = [CChar](repeating: 0, count: 4_096)
    let count = readlink(path, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  static func firstLine(_ path: String) -> String {
    of(path).split(separator: "\n").first.map(String.init) ?? ""
  }
}
