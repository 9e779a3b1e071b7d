import Glibc

/// The processes of this machine that serve a port, as the system tells of them.
///
/// Sees those of its own user only, unless it runs as root.
struct ServerProcess: Sendable {
  /// One reading; sums over all processes that hold the listening socket, such as forked workers.
  struct Reading: Sendable, Equatable {
    let name: String
    let cpuSeconds: Double
    let memoryBytes: Double
  }

  private let ids: [Int]

  /// `nil` where nobody is seen to listen there.
  init?(listeningOn port: UInt16) {
    let nodes = Set(
      ["/proc/net/tcp", "/proc/net/tcp6"].flatMap {
        Self.listeners(in: SystemText.of($0, byteCountMax: 4 << 20), port: port)
      })
    guard !nodes.isEmpty else { return nil }
    let links = Set(nodes.map { "socket:[\($0)]" })
    ids = FolderNames.of("/proc").compactMap { Int($0) }.filter { id in
      FolderNames.of("/proc/\(id)/fd").contains { descriptor in
        SystemText.link("/proc/\(id)/fd/\(descriptor)").map(links.contains) ?? false
      }
    }
    if ids.isEmpty { return nil }
  }

  /// This process.
  init() { ids = [Int(getpid())] }

  /// The nodes of sockets that listen on a port; proc(5): `sl local_address rem_address st ... inode`,
  /// numbers in hexadecimal, state 0A.
  static func listeners(in text: String, port: UInt16) -> [String] {
    text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      guard fields.count > 9, fields[3] == "0A",
        let hexadecimal = fields[1].split(separator: ":").last,
        UInt16(hexadecimal, radix: 16) == port
      else { return nil }
      return String(fields[9])
    }
  }

  /// `nil` where they have ended.
  func read() -> Reading? {
    let all = ids.compactMap { id in Self.cpuSeconds(SystemText.of("/proc/\(id)/stat")) }
    guard !all.isEmpty else { return nil }
    let memory = ids.map { Self.residentBytes(SystemText.of("/proc/\($0)/status")) }
    let name = SystemText.firstLine("/proc/\(ids[0])/comm")
    return Reading(
      name: ids.count > 1 ? "\(name) (\(ids.count) processes)" : name,
      cpuSeconds: all.reduce(0, +), memoryBytes: memory.reduce(0, +))
  }

  /// proc(5), `stat`: behind the name in parentheses state is the first field, utime the 12th and stime
  /// the 13th, in ticks.
  static func cpuSeconds(_ text: String) -> Double? {
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[end...].dropFirst().split(separator: " ")
    guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
      return nil
    }
    return (user + system) / Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
  }

  /// The line `VmRSS: 123 kB`.
  static func residentBytes(_ text: String) -> Double {
    for line in text.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      let fields = line.split { $0 == " " || $0 == "\t" }
      return fields.count > 1 ? (Double(fields[1]) ?? 0) * 1_024 : 0
    }
    return 0
  }
}

/// Names in a folder.
enum FolderNames {
  private static let countMax = 100_000

  /// Empty where it cannot be read.
  static func of(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < countMax, let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
