import Glibc
import Inference
import Synchronization

/// Where groups for workers may be made: below the server's own, by controller.
struct ControlGroupPlaces: Sendable {
  struct Place: Sendable, Equatable {
    let folder: String
    /// Of version 2, where all controllers share one tree.
    let isUnified: Bool
  }

  private let places: [ControlGroup.Kind: Place]

  subscript(kind: ControlGroup.Kind) -> Place? { places[kind] }

  /// Of this process; found out once, since making groups of version 2 moves the server into one.
  static let current = ControlGroupPlaces.open()

  private static let groupCount = Guarded(0)

  /// Of a group that no other worker of any server here has.
  static func nextName() -> String {
    let number = groupCount.withLock { count in
      count += 1
      return count
    }
    return "apus-\(getpid())-\(number)"
  }

  /// - Parameters:
  ///   - mounts: `/proc/self/mountinfo`, proc_pid_mountinfo(5).
  ///   - groups: `/proc/self/cgroup`, cgroups(7).
  init(
    mounts: String, groups: String, unified: (_ folder: String) -> [ControlGroup.Kind]
  ) {
    var places: [ControlGroup.Kind: Place] = [:]
    let trees = mounts.split(separator: "\n").compactMap { Tree($0) }
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let names = parts[1].split(separator: ",").map(String.init)
      guard
        let tree = trees.first(where: {
          names.isEmpty ? $0.isUnified : !$0.isUnified && names.allSatisfy($0.controllers.contains)
        }), let folder = tree.folder(of: String(parts[2]))
      else { continue }
      let kinds = names.isEmpty ? unified(folder) : names.compactMap(ControlGroup.Kind.init)
      for kind in kinds { places[kind] = Place(folder: folder, isUnified: tree.isUnified) }
    }
    self.places = places
  }

  private static func open() -> ControlGroupPlaces {
    let found = ControlGroupPlaces(
      mounts: ControlGroup.text("/proc/self/mountinfo"),
      groups: ControlGroup.text("/proc/self/cgroup"), unified: delegated)
    for folder in Set(found.places.values.map(\.folder)) { sweep(folder) }
    return found
  }

  /// Removes what servers left that were killed themselves: empty groups of processes that are no more.
  private static func sweep(_ folder: String) {
    for name in TemporaryFolder.names(in: folder) {
      let parts = name.split(separator: "-")
      guard parts.count == 3, parts[0] == "apus", let process = Int32(parts[1]) else { continue }
      if Glibc.kill(process, 0) != 0, errno == ESRCH { rmdir("\(folder)/\(name)") }
    }
  }

  /// Controllers of version 2 that groups below this one have. They are switched on for them where that is
  /// not so yet; a group with processes of its own cannot have such groups, so the server goes into one
  /// itself, where nobody else is beside it.
  private static func delegated(_ folder: String) -> [ControlGroup.Kind] {
    func words(_ name: String) -> [Substring] {
      ControlGroup.text("\(folder)/\(name)").split(whereSeparator: \.isWhitespace)
    }
    let there = words("cgroup.controllers")
    let wanted = ControlGroup.Kind.allCases.filter { there.contains(Substring($0.rawValue)) }
    func on() -> [ControlGroup.Kind] {
      let names = words("cgroup.subtree_control")
      return wanted.filter { names.contains(Substring($0.rawValue)) }
    }
    if wanted.isEmpty || on() == wanted { return wanted }
    let switches = wanted.map { "+\($0.rawValue)" }.joined(separator: " ")
    if ControlGroup.put(switches, "\(folder)/cgroup.subtree_control") { return on() }
    let own = "\(folder)/apus-server"
    guard words("cgroup.procs") == [Substring("\(getpid())")], mkdir(own, 0o755) == 0 else {
      return on()
    }
    if ControlGroup.put("\(getpid())", "\(own)/cgroup.procs") {
      _ = ControlGroup.put(switches, "\(folder)/cgroup.subtree_control")
    } else {
      rmdir(own)
    }
    return on()
  }

  /// A mounted tree of groups.
  private struct Tree {
    let isUnified: Bool
    let controllers: [String]
    /// The group that is mounted, and where.
    let root: String
    let point: String

    init?(_ line: Substring) {
      let halves = line.split(separator: " - ", maxSplits: 1)
      let fields = halves[0].split(separator: " ")
      guard halves.count == 2, fields.count > 4 else { return nil }
      let kinds = halves[1].split(separator: " ")
      guard kinds.count > 2, kinds[0] == "cgroup" || kinds[0] == "cgroup2" else { return nil }
      isUnified = kinds[0] == "cgroup2"
      controllers = kinds[2].split(separator: ",").map(String.init)
      root = fields[3] == "/" ? "" : String(fields[3])
      point = String(fields[4])
    }

    /// `nil` for a group that lies outside of what is mounted.
    func folder(of group: String) -> String? {
      guard group.hasPrefix(root), !group.contains("/..") else { return nil }
      let rest = group.dropFirst(root.count)
      return rest.isEmpty || rest == "/" ? point : point + rest
    }
  }
}
