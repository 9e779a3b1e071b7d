import Foundation
import Glibc
import Testing

@testable import Settings

@Suite struct MachineLimitsTests {
  /// A root directory with files of our choice, removed at the end.
  final class Root {
    let path = NSTemporaryDirectory() + "apus-machine-" + UUID().uuidString

    init(_ files: [String: String]) throws {
      for (name, text) in files {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
    }

    // Whether the system's own folder keeps a few bytes does not matter to any test.
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  let eight = ["proc/self/status": "Cpus_allowed:\tff\n", "proc/meminfo": "MemTotal: 8192 kB\n"]

  func limits(_ files: [String: String]) throws -> MachineLimits {
    let root = try Root(eight.merging(files) { $1 })
    return withExtendedLifetime(root) { MachineLimits.current(root: root.path) }
  }

  @Test func `without a control group the affinity and the memory count`() throws {
    #expect(try limits([:]) == MachineLimits(cores: 8, memoryByteCount: 8 << 20))
    let wide = try limits(["proc/self/status": "Cpus_allowed:\t00000001,0000000f\n"])
    #expect(wide.cores == 5 && wide.coreNumbers == [0, 1, 2, 3, 32])
  }

  @Test func `version 2 limits the cores and the memory, its ancestors too`() throws {
    let found = try limits([
      "proc/self/cgroup": "0::/a/b\n",
      "sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "350000 100000\n",
      "sys/fs/cgroup/a/b/memory.max": "1048576\n", "sys/fs/cgroup/a/memory.max": "max\n",
    ])
    #expect(
      found == MachineLimits(cores: 3, memoryByteCount: 1 << 20, coreNumbers: Array(0..<8)))
  }

  @Test func `version 1 limits the cores and the memory`() throws {
    let found = try limits([
      "proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "200000\n",
      "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "2097152\n",
    ])
    #expect(
      found == MachineLimits(cores: 2, memoryByteCount: 2 << 20, coreNumbers: Array(0..<8)))
  }

  @Test func `a quota of half a processor still leaves one, and none is none`() throws {
    let half = ["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"]
    #expect(try limits(half).cores == 1)
    let none = [
      "proc/self/cgroup": "2:cpu:/\n", "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
      "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    ]
    #expect(try limits(none).cores == 8)
  }

  @Test func `this machine has something to offer`() {
    let machine = MachineLimits.current()
    #expect(machine.cores >= 1 && machine.memoryByteCount > 1 << 20)
  }

  @Test func `the limit of open files becomes the hard one`() {
    let limit = MachineLimits.raiseOpenFileLimit()
    var now = rlimit()
    #expect(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &now) == 0)
    #expect(now.rlim_cur == now.rlim_max && limit == Int(clamping: now.rlim_cur))
  }
}
