import Glibc

/// What of this machine is ours to use.
package struct MachineLimits: Sendable, Equatable {
  /// Processors that we may run on and are given time of, at least 1; a quota of a part of a
  /// processor does not count.
  package let cores: Int
  /// The processors that we may run on, ascending.
  package let coreNumbers: [Int]
  /// The control group's limit, or all memory of the machine.
  package let memoryByteCount: Int

  package init(cores: Int, memoryByteCount: Int, coreNumbers: [Int]? = nil) {
    self.cores = cores
    self.coreNumbers = coreNumbers ?? Array(0..<cores)
    self.memoryByteCount = memoryByteCount
  }

  /// Looks now; blocks on a few small files.
  package static func current() -> MachineLimits { current(root: "") }

  /// `root` stands before `/proc` and `/sys`; empty but in tests.
  static func current(root: String) -> MachineLimits {
    let group = ControlGroup(root: root)
    let numbers = affinity(root: root)
    let affinity = numbers.count
    let memory = memoryTotal(root: root) ?? Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(getpagesize())
    return MachineLimits(
      cores: max(1, min(affinity, group.cores.map { Int($0) } ?? affinity)),
      memoryByteCount: min(memory, group.memoryByteCount ?? memory), coreNumbers: numbers)
  }

  /// Raises the soft limit of open files to the hard one; gives the limit now in force, `nil` where
  /// the system does not say.
  @discardableResult
  package static func raiseOpenFileLimit() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    let soft = limit.rlim_cur
    limit.rlim_cur = limit.rlim_max
    let isRaised = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    return Int(clamping: isRaised ? limit.rlim_cur : soft)
  }

  /// Processors in the process's affinity mask, which `/proc/self/status` gives as hexadecimal words
  /// divided by commas. (`sched_getaffinity` is not among the declarations that Swift sees.)
  private static func affinity(root: String) -> [Int] {
    let mask = line("Cpus_allowed:", of: "\(root)/proc/self/status") ?? ""
    var numbers: [Int] = []
    for (place, digit) in mask.compactMap(\.hexDigitValue).reversed().enumerated() {
      numbers += (0..<4).filter { digit >> $0 & 1 == 1 }.map { 4 * place + $0 }
    }
    return numbers.isEmpty
      ? Array(0..<max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))) : numbers
  }

  /// `MemTotal`, which is in KiB.
  private static func memoryTotal(root: String) -> Int? {
    line("MemTotal:", of: "\(root)/proc/meminfo").flatMap { Int($0) }.map { $0 * 1_024 }
  }

  /// The first word after a name in a file of `/proc`.
  private static func line(_ name: String, of path: String) -> Substring? {
    // Without the file the callers ask sysconf instead.
    guard let text = try? TextFile.read(path) else { return nil }
    let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
    return line?.split { $0 == " " || $0 == "\t" }.dropFirst().first
  }
}
