import Glibc
import Testing
import WireFormats

@testable import LoadTesting

@Suite struct ServerFiguresTests {
  private func statistics(_ text: String) throws -> ServerStatistics? {
    ServerStatistics(try Array(text.utf8).withUnsafeBytes { try JSONValue(parsing: $0) })
  }

  private func answer(_ count: Int, _ nanoseconds: Int) -> String {
    let phase = #"{"count": \#(count), "ns": \#(nanoseconds)}"#
    return #"{"model_stats": [{"name": "m", "inference_stats": {"success": \#(phase), "#
      + #""queue": \#(phase), "compute_infer": \#(phase)}}]}"#
  }

  @Test func `phases are the means of what was added in between`() throws {
    let before = try #require(try statistics(answer(10, 5_000_000)))
    let after = try #require(try statistics(answer(30, 65_000_000)))
    let means = try #require(before.means(until: after))
    #expect(means.requests == 20)
    #expect(means.phases["queue"] == 3)
    #expect(means.phases["compute_output"] == nil)
    #expect(after.means(until: before) == nil)
    #expect(before.means(until: before) == nil)
  }

  @Test(arguments: ["{}", "[]", #"{"model_stats": []}"#, #"{"model_stats": 3}"#])
  func `other answers tell nothing`(text: String) throws {
    #expect(try statistics(text) == nil)
  }

  @Test func `listeners are found by their port`() {
    let table = """
        sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
         0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 0 12345 1 0
         1: 0100007F:1F40 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1000 0 777 1 0
         2: 00000000000000000000000001000000:1F41 0:0 0A 0:0 00:0 0 0 0 9 1 0
      """
    #expect(ServerProcess.listeners(in: table, port: 8_000) == ["12345"])
    #expect(ServerProcess.listeners(in: table, port: 8_001) == ["9"])
    #expect(ServerProcess.listeners(in: "nonsense\nx y\n", port: 1).isEmpty)
  }

  @Test func `listeners are found by their socket's file`() {
    let table = """
      Num       RefCount Protocol Flags    Type St Inode Path
      0000000000000000: 00000002 00000000 00010000 0001 01 4711 /run/a b.sock
      0000000000000000: 00000003 00000000 00000000 0001 03 4712 /run/a b.sock
      0000000000000000: 00000002 00000000 00010000 0001 01 4713
      """
    #expect(ServerProcess.listeners(in: table, path: "/run/a b.sock") == ["4711"])
    #expect(ServerProcess.listeners(in: table, path: "/run/b").isEmpty)
  }

  @Test func `whom a process started belongs to it, and so on, but for whoever asks`() {
    var family = ProcessFamily()
    for (id, parent) in [(1, 0), (10, 1), (11, 10), (12, 11), (13, 10), (20, 1)] {
      family.add(id, "\(id) (a) b) S \(parent) 1 1 0 -1 0 0 0 0 0 100 0 0 0 20 0 1 0 1 1 1")
    }
    family.add(30, "nonsense")
    #expect(family.withDescendants(of: [10]) == [10, 11, 12, 13])
    #expect(family.withDescendants(of: [10], without: 11) == [10, 13])
    #expect(family.withDescendants(of: [11], without: 11) == [11, 12])
    #expect(family.cpuSeconds[12] == 100.0 / Double(sysconf(Int32(_SC_CLK_TCK))))
    #expect(family.cpuSeconds[30] == nil)
  }

  @Test func `a process's name may hold anything`() {
    let line = "42 (a) b) (c) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 8 0 100 1 1"
    let seconds = ServerProcess.cpuSeconds(line)
    #expect(seconds == 300.0 / Double(sysconf(Int32(_SC_CLK_TCK))))
    #expect(ServerProcess.cpuSeconds("") == nil)
    let bytes = ServerProcess.residentBytes("Name:\tx\nVmRSS:\t   12 kB\n")
    #expect(bytes == 12_288)
  }

  @Test func `this process is seen`() throws {
    let reading = try #require(ServerProcess().read())
    #expect(reading.cpuSeconds >= 0 && reading.memoryBytes > 1_048_576)
  }

  @Test func `a counter that began again is put right`() throws {
    func counter(_ joules: Double) -> EnergyMeter.Counter {
      .init(name: "package-0", joules: joules, wrapsAt: 1_000)
    }
    let used = try #require(EnergyMeter.used(from: [counter(990)], to: [counter(15)]))
    #expect(used.joules == 25)
    #expect(EnergyMeter.used(from: [], to: [counter(1)]) == nil)
  }

  @Test func `of a processor's flags those that make models fast are told`() {
    #expect(
      LoadEnvironment.extensions("fpu vme avx2 sse amx_tile avx512_vnni")
        == "avx2 amx_tile avx512_vnni")
    let facts = LoadEnvironment.read(adding: [(key: "target", value: "x")]).facts
    for key in ["target", "processor", "cores", "memory", "kernel", "measured_at"] {
      #expect(facts.contains { $0.key == key && !$0.value.isEmpty }, "\(key)")
    }
  }
}
