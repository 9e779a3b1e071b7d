import Glibc

/// The processes of this machine that serve a port or a socket of the file system, and those that they
/// started, as the system tells of them.
///
/// Sees those of its own user only, unless it runs as root.
package struct ServerProcess: Sendable {
  /// One reading; sums over all processes that hold the listening socket, such as forked workers.
  struct Reading: Sendable, Equatable {
    let name: String
    let cpuSeconds: Double
    let memoryBytes: Double
  }

  private let ids: [Int]

  /// `nil` where nobody is seen to listen there.
  init?(listeningAt place: ServerPlace) {
    let nodes = Set(Self.listeners(at: place))
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

  /// Seconds of those that this process started and that still run.
  static var ownChildrenCPUSeconds: Double {
    let family = ProcessFamily.read()
    let own = Int(getpid())
    return family.withDescendants(of: [own]).filter { $0 != own }
      .reduce(0) { $0 + (family.cpuSeconds[$1] ?? 0) }
  }

  private static func listeners(at place: ServerPlace) -> [String] {
    if let path = place.socketPath {
      return listeners(in: SystemText.of("/proc/net/unix", byteCountMax: 4 << 20), path: path)
    }
    return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap {
      listeners(in: SystemText.of($0, byteCountMax: 4 << 20), port: place.port)
    }
  }

  /// The same for a socket of the file system; proc(5): `Num RefCount Protocol Flags Type St Inode Path`,
  /// of which the flag 0x10000 is said of those that listen.
  static func listeners(in text: String, path: String) -> [String] {
    text.split(separator: "\n").dropFirst().compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
      guard fields.count == 8, fields[7] == path, UInt32(fields[3], radix: 16) == 0x10000 else {
        return nil
      }
      return String(fields[6])
    }
  }

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
    let family = ProcessFamily.read()
    // Whoever started the server may have started this process, too, which only asks.
    let ids = family.withDescendants(of: ids, without: Int(getpid())).sorted()
    guard self.ids.contains(where: { family.cpuSeconds[$0] != nil }) else { return nil }
    let memory = ids.map { Self.residentBytes(SystemText.of("/proc/\($0)/status")) }
    let name = SystemText.firstLine("/proc/\(self.ids[0])/comm")
    return Reading(
      name: ids.count > 1 ? "\(name) (\(ids.count) processes)" : name,
      cpuSeconds: ids.reduce(0) { $0 + (family.cpuSeconds[$1] ?? 0) },
      memoryBytes: memory.reduce(0, +))
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

/// All processes of this machine: who started whom, and the processor time of each.
struct ProcessFamily {
  private var children: [Int: [Int]] = [:]
  private(set) var cpuSeconds: [Int: Double] = [:]

  static func read() -> ProcessFamily {
    var family = ProcessFamily()
    for id in FolderNames.of("/proc").compactMap({ Int($0) }) {
      family.add(id, SystemText.of("/proc/\(id)/stat", byteCountMax: 4 << 10))
    }
    return family
  }

  /// - Parameter stat: proc(5), `stat`; behind the name in parentheses the parent is the second field.
  mutating func add(_ id: Int, _ stat: String) {
    guard let end = stat.lastIndex(of: ")"), let seconds = ServerProcess.cpuSeconds(stat) else {
      return
    }
    cpuSeconds[id] = seconds
    let fields = stat[end...].dropFirst().split(separator: " ", maxSplits: 2)
    if fields.count > 1, let parent = Int(fields[1]) { children[parent, default: []].append(id) }
  }

  /// - Parameter stranger: one whose branch is left out, unless it is among the ids.
  func withDescendants(of ids: [Int], without stranger: Int? = nil) -> Set<Int> {
    var all = Set(ids)
    var rest = ids
    while let id = rest.popLast() {
      for child in children[id] ?? [] where child != stranger && all.insert(child).inserted {
        rest.append(child)
      }
    }
    return all
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
