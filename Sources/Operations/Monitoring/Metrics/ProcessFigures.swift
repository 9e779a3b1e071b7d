import Glibc

/// What the system knows of this process. Source: `proc_pid_stat(5)`.
struct ProcessFigures {
  let cpuSeconds: Double
  let threadCount: Int
  let startSecondsAfterBoot: Double
  let virtualByteCount: Int
  let residentByteCount: Int
  let openFileCount: Int?
  let openFilesMax: Int?

  /// Looks now; `nil` where there is no `/proc`.
  static func current() -> ProcessFigures? {
    // The second field is the program's name in parentheses and may hold blanks; the rest follows.
    guard let text = ProcFile.read("/proc/self/stat"), let end = text.lastIndex(of: ")") else {
      return nil
    }
    let fields = text[text.index(after: end)...].split(separator: " ")
    /// Counted as in the manual, from 1.
    func field(_ number: Int) -> Int? {
      fields.indices.contains(number - 3) ? Int(fields[number - 3]) : nil
    }
    guard let user = field(14), let system = field(15), let threads = field(20),
      let start = field(22), let virtual = field(23), let pages = field(24)
    else { return nil }
    let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    return ProcessFigures(
      cpuSeconds: Double(user + system) / ticks, threadCount: threads,
      startSecondsAfterBoot: Double(start) / ticks, virtualByteCount: virtual,
      residentByteCount: pages * Int(getpagesize()), openFileCount: openFiles(),
      openFilesMax: openFilesMax())
  }

  private static func openFiles() -> Int? {
    guard let directory = opendir("/proc/self/fd") else { return nil }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count - 3  // `.`, `..` and the directory's own.
  }

  private static func openFilesMax() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return Int(clamping: limit.rlim_cur)
  }
}

/// What the system knows of this machine. Sources: `proc_stat(5)`, `proc_meminfo(5)`.
struct MachineFigures {
  let bootSeconds: Double
  /// Ticks of all processors since boot, and those of them that were idle.
  let ticks: Int
  let idleTicks: Int
  let memoryByteCount: Int
  let usedMemoryByteCount: Int

  /// Looks now; `nil` where there is no `/proc`.
  static func current() -> MachineFigures? {
    guard let stat = ProcFile.read("/proc/stat"), let memory = ProcFile.read("/proc/meminfo")
    else { return nil }
    // User, nice, system, idle, waiting for a disk, and so on; time of guests is in the first two.
    let times = numbers("cpu", in: stat).prefix(8)
    guard times.count >= 5, let boot = numbers("btime", in: stat).first,
      let total = numbers("MemTotal:", in: memory).first,
      let available = numbers("MemAvailable:", in: memory).first
    else { return nil }
    return MachineFigures(
      bootSeconds: Double(boot), ticks: times.reduce(0, +), idleTicks: times[3] + times[4],
      memoryByteCount: total * 1_024, usedMemoryByteCount: (total - available) * 1_024)
  }

  private static func numbers(_ name: String, in text: String) -> [Int] {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ")
      if words.first.map({ $0 == name }) ?? false {
        return words.dropFirst().compactMap { Int($0) }
      }
    }
    return []
  }
}

/// The processors' use between two looks.
struct ProcessorUse {
  private var ticks = 0
  private var idleTicks = 0

  /// The share in use since the last call, or since boot at the first.
  mutating func share(_ now: MachineFigures) -> Double {
    let passed = now.ticks - ticks
    let idle = now.idleTicks - idleTicks
    (ticks, idleTicks) = (now.ticks, now.idleTicks)
    return passed > 0 ? Double(max(0, passed - idle)) / Double(passed) : 0
  }
}

/// Reads small files of `/proc`.
enum ProcFile {
  /// `nil` where it cannot be read; ends after 64 KiB.
  static func read(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
      var length = 0
      while length < buffer.count {
        let count = Glibc.read(descriptor, buffer.baseAddress! + length, buffer.count - length)
        if count <= 0 { break }
        length += count
      }
      return String(decoding: buffer[..<length], as: UTF8.self)
    }
  }
}
