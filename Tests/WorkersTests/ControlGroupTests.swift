import Glibc
import Testing

@testable import Workers

@Suite struct ControlGroupPlacesTests {
  private static let unified = """
    29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate
    30 23 0:27 / /sys/fs/pstore rw - pstore pstore rw
    """
  private static let mixed = """
    32 31 0:29 / /cg/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
    35 31 0:32 /outer /cg/memory rw - cgroup cgroup rw,memory
    41 31 0:38 / /cg/unified rw - cgroup2 cgroup2 rw
    """

  @Test func `finds the server's own group in the one tree of version 2`() {
    var asked: [String] = []
    let places = ControlGroupPlaces(
      mounts: Self.unified, groups: "0::/system.slice/apus.service\n"
    ) { folder in
      asked.append(folder)
      return [.memory, .processes]
    }
    let folder = "/sys/fs/cgroup/system.slice/apus.service"
    #expect(asked == [folder])
    #expect(places[.memory] == ControlGroupPlaces.Place(folder: folder, isUnified: true))
    #expect(places[.processor] == nil)
  }

  @Test func `takes each controller from the tree to which it belongs`() {
    let groups = "8:pids:/\n4:memory:/outer/own\n1:cpu,cpuacct:/\n0::/\n"
    let places = ControlGroupPlaces(mounts: Self.mixed, groups: groups) { _ in [] }
    #expect(places[.memory] == ControlGroupPlaces.Place(folder: "/cg/memory/own", isUnified: false))
    #expect(
      places[.processor] == ControlGroupPlaces.Place(folder: "/cg/cpu,cpuacct", isUnified: false))
    #expect(places[.processes] == nil, "no tree with it is mounted")
  }

  @Test(arguments: ["4:memory:/elsewhere\n", "4:memory:/outer/../own\n", "memory", ""])
  func `a group that lies outside of what is mounted is none`(groups: String) {
    let places = ControlGroupPlaces(mounts: Self.mixed, groups: groups) { _ in [] }
    #expect(places[.memory] == nil)
  }
}

@Suite struct ControlGroupTests {
  /// Whatever this machine allows: a group is removed with all that is in it, or there is none.
  @Test(.timeLimit(.minutes(1))) func `a group ends what is in it`() throws {
    var limits = ControlGroup.Limits()
    limits.processesMax = 8
    guard let group = ControlGroup(limits) else { return }
    var plan = WorkerPlan(program: ["sleep", "1000"]) { _ in "" }
    plan.directory = "/"
    let process = try WorkerProcess.start(plan)
    defer { process.closeAll() }
    #expect(group.take(process.number))
    #expect(!group.wasOutOfMemory)
    group.remove()
    #expect(process.awaitEnd() == .killed(SIGKILL))
  }

  @Test func `says of each bound what keeps it`() {
    var limits = ControlGroup.Limits()
    limits.memoryBytesMax = 1 << 30
    limits.coreThousandthsMax = 1_500
    #expect(
      limits.words(boundBy: [.processor])
        == "memory 1073741824 bytes by rlimit of each process; 1.5 cores by control group")
    #expect(limits.words(boundBy: []).contains("cores not kept"))
    #expect(ControlGroup.Limits().words(boundBy: []).isEmpty)
  }
}
