/// What the control groups of this process allow it, in version 1 and version 2.
///
/// Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst (`cpu.max`, `memory.max`) and
/// cgroup-v1 (`cpu.cfs_quota_us`, `cpu.cfs_period_us`, `memory.limit_in_bytes`).
struct ControlGroup {
  /// Processors' worth of time; `nil` where there is no quota.
  private(set) var cores: Double?
  /// `nil` where there is no limit.
  private(set) var memoryByteCount: Int?

  /// Reads the files below `root`, which is `/` but in tests. The limits of a group's ancestors
  /// hold too, so the least counts. In a container the path in `/proc/self/cgroup` may be that of
  /// the host while only its end is mounted; the mount's own root is among the ancestors.
  init(root: String) {
    let text = (try? TextFile.read("\(root)/proc/self/cgroup")) ?? ""  // absent: no limits
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",")
      if fields[0] == "0", controllers.isEmpty {
        for mount in ["sys/fs/cgroup", "sys/fs/cgroup/unified"] {
          readTwo(Self.ancestors(of: fields[2], below: "\(root)/\(mount)"))
        }
      } else {
        for controller in controllers where controller == "cpu" || controller == "memory" {
          for mount in [String(controller), String(fields[1])] {
            readOne(Self.ancestors(of: fields[2], below: "\(root)/sys/fs/cgroup/\(mount)"))
          }
        }
      }
    }
  }

  private mutating func readTwo(_ directories: [String]) {
    for directory in directories {
      if let fields = Self.fields("\(directory)/cpu.max"), fields.count == 2,
        let quota = Double(fields[0]), let period = Double(fields[1]), period > 0
      {
        limitCores(quota / period)
      }
      if let limit = Self.fields("\(directory)/memory.max")?.first.flatMap({ Int($0) }) {
        limitMemory(limit)
      }
    }
  }

  private mutating func readOne(_ directories: [String]) {
    for directory in directories {
      if let quota = Self.number("\(directory)/cpu.cfs_quota_us"), quota > 0,
        let period = Self.number("\(directory)/cpu.cfs_period_us"), period > 0
      {
        limitCores(Double(quota) / Double(period))
      }
      if let limit = Self.number("\(directory)/memory.limit_in_bytes") { limitMemory(limit) }
    }
  }

  private mutating func limitCores(_ limit: Double) { cores = min(cores ?? limit, limit) }

  private mutating func limitMemory(_ limit: Int) {
    memoryByteCount = min(memoryByteCount ?? limit, limit)
  }

  /// A group's directory and all above it, the mount's root last.
  private static func ancestors(of path: Substring, below mount: String) -> [String] {
    var names = path.split(separator: "/")
    var directories: [String] = []
    while !names.isEmpty {
      directories.append("\(mount)/\(names.joined(separator: "/"))")
      names.removeLast()
    }
    return directories + [mount]
  }

  private static func fields(_ path: String) -> [Substring]? {
    // A file that is not there sets no limit.
    (try? TextFile.read(path))?.split { $0 == " " || $0 == "\n" }
  }

  private static func number(_ path: String) -> Int? { fields(path)?.first.flatMap { Int($0) } }
}
