import CWorkers
import Glibc
import Inference
import Synchronization

/// The kernel's bounds around one worker and everything that it starts: a control group of its own below
/// the server's, of version 2 or, where a controller belongs to that, of version 1.
///
/// Made and used by the thread that attends to the worker; removed with `remove`, once all in it is dead.
final class ControlGroup: Sendable {
  /// What a group can bound.
  enum Kind: String, CaseIterable, Sendable {
    case memory
    case processor = "cpu"
    case processes = "pids"
  }

  /// The bounds; 0 sets none.
  struct Limits: Sendable, Equatable {
    var memoryBytesMax = 0
    var coreThousandthsMax = 0
    var processesMax = 0

    var kinds: [Kind] {
      Kind.allCases.filter { kind in
        switch kind {
        case .memory: memoryBytesMax > 0
        case .processor: coreThousandthsMax > 0
        case .processes: processesMax > 0
        }
      }
    }
  }

  /// What the group's limits really bound.
  let kinds: [Kind]
  private let folders: [String]
  private let memoryFolder: String?

  /// Pages that a worker shares with the server count for it, too, beside its own memory.
  private static let sharedBytes = 64 << 20
  private static let periodMicroseconds = 100_000

  /// `nil` where none of the limits can be had.
  init?(_ limits: Limits) {
    var folders: [String] = []
    var kinds: [Kind] = []
    var memoryFolder: String?
    let name = ControlGroupPlaces.nextName()
    for kind in limits.kinds {
      guard let place = ControlGroupPlaces.current[kind] else { continue }
      let folder = "\(place.folder)/\(name)"
      guard folders.contains(folder) || mkdir(folder, 0o755) == 0 else { continue }
      if !folders.contains(folder) { folders.append(folder) }
      guard Self.set(kind, limits, in: folder, isUnified: place.isUnified) else { continue }
      kinds.append(kind)
      if kind == .memory { memoryFolder = folder }
    }
    self.folders = folders
    self.kinds = kinds
    self.memoryFolder = memoryFolder
    if kinds.isEmpty {
      for folder in folders { rmdir(folder) }
      return nil
    }
  }

  private static func set(
    _ kind: Kind, _ limits: Limits, in folder: String, isUnified: Bool
  ) -> Bool {
    switch kind {
    case .memory:
      let count = String(limits.memoryBytesMax + sharedBytes)
      guard isUnified else { return put(count, "\(folder)/memory.limit_in_bytes") }
      // Neither need be there: without swap there is none to bound.
      _ = put("0", "\(folder)/memory.swap.max")
      _ = put("1", "\(folder)/memory.oom.group")
      return put(count, "\(folder)/memory.max")
    case .processor:
      let quota = limits.coreThousandthsMax * periodMicroseconds / 1000
      guard isUnified else {
        return put(String(periodMicroseconds), "\(folder)/cpu.cfs_period_us")
          && put(String(quota), "\(folder)/cpu.cfs_quota_us")
      }
      return put("\(quota) \(periodMicroseconds)", "\(folder)/cpu.max")
    case .processes: return put(String(limits.processesMax), "\(folder)/pids.max")
    }
  }

  /// Takes a process that has just been started, and with it all that it will start.
  func take(_ process: Int32) -> Bool {
    folders.allSatisfy { Self.put(String(process), "\($0)/cgroup.procs") }
  }

  /// Whether the kernel has ended something in it because the memory was used up.
  var wasOutOfMemory: Bool {
    guard let memoryFolder else { return false }
    for file in ["memory.events", "memory.oom_control"] {
      for line in Self.text("\(memoryFolder)/\(file)").split(separator: "\n") {
        let words = line.split(separator: " ")
        if words.count == 2, words[0] == "oom_kill", words[1] != "0" { return true }
      }
    }
    return false
  }

  /// Ends whatever is still in it, and the group; blocks until that is done, a second at most.
  func remove() {
    for _ in 0..<Self.removalTriesMax {
      kill()
      if folders.allSatisfy({ rmdir($0) == 0 || errno == ENOENT }) { return }
      var pause = timespec(tv_sec: 0, tv_nsec: 10_000_000)
      nanosleep(&pause, nil)
    }
  }

  private static let removalTriesMax = 100

  private func kill() {
    for folder in folders where !Self.put("1", "\(folder)/cgroup.kill") {
      for line in Self.text("\(folder)/cgroup.procs").split(separator: "\n") {
        if let process = Int32(line), process > 1 { _ = Glibc.kill(process, SIGKILL) }
      }
    }
  }

  static func put(_ text: String, _ path: String) -> Bool {
    let file = open(path, O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return write(file, text, text.utf8.count) == text.utf8.count
  }

  /// Empty where there is no such file.
  static func text(_ path: String) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return "" }
    defer { close(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 16 << 10)
    while bytes.count < 1 << 20 {
      let count = read(file, &part, part.count)
      if count <= 0 { break }
      bytes += part[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
