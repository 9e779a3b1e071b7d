import Glibc
import Testing

@testable import LoadTesting

/// The kernel's files about energy, as machines have them that these tests do not run on.
@Suite struct EnergyMeterTests {
  /// A folder like `/sys/class/powercap`; goes when the test does.
  private final class Powercap {
    let path: String

    init() throws {
      var template = Array("/tmp/apus-powercap-XXXXXX".utf8CString)
      try #require(mkdtemp(&template) != nil)
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
      for zone in FolderNames.of(path) {
        for file in FolderNames.of("\(path)/\(zone)") { unlink("\(path)/\(zone)/\(file)") }
        rmdir("\(path)/\(zone)")
      }
      rmdir(path)
    }

    func write(_ zone: String, _ files: [String: String]) throws {
      mkdir("\(path)/\(zone)", 0o700)
      for (name, text) in files {
        let stream = try #require(fopen("\(path)/\(zone)/\(name)", "w"))
        fputs(text + "\n", stream)
        fclose(stream)
      }
    }
  }

  private func package(_ number: Int, _ microjoules: Int) -> [String: String] {
    [
      "name": "package-\(number)", "energy_uj": "\(microjoules)",
      "max_energy_range_uj": "262143328850",
    ]
  }

  @Test func `packages are counted, and neither their parts nor what may not be read`() throws {
    let folder = try Powercap()
    try folder.write("intel-rapl", [:])
    try folder.write("intel-rapl:0", package(0, 5_000_000))
    try folder.write("intel-rapl:1", package(1, 7_500_000))
    // The cores of the first, which are in it already; the same package by another way; one whose
    // counter only root may read.
    try folder.write("intel-rapl:0:0", ["name": "core", "energy_uj": "4000000"])
    try folder.write("intel-rapl-mmio:0", package(0, 5_000_000))
    try folder.write("intel-rapl:2", ["name": "package-2"])
    let first = EnergyMeter.packages(in: folder.path)
    #expect(first.map(\.name) == ["package-0", "package-1"])
    #expect(first.map(\.joules) == [5, 7.5])
    #expect(first.allSatisfy { $0.wrapsAt == 262_143.32885 })

    try folder.write("intel-rapl:0", package(0, 8_000_000))
    // This one has begun again.
    try folder.write("intel-rapl:1", package(1, 500_000))
    let last = EnergyMeter.packages(in: folder.path)
    let used = try #require(EnergyMeter.used(from: first, to: last))
    #expect(abs(used.joules - (3 + 262_143.32885 - 7)) < 1e-6)
    #expect(used.of == ["package-0", "package-1"])
  }

  @Test func `what is no number, or is not there, is not counted`() throws {
    let folder = try Powercap()
    try folder.write("intel-rapl:0", ["name": "package-0", "energy_uj": "many"])
    #expect(EnergyMeter.packages(in: folder.path).isEmpty)
    #expect(EnergyMeter.packages(in: "\(folder.path)/nothing").isEmpty)
    // Where the range is not told, a counter that fell has gone nowhere.
    try folder.write("intel-rapl:1", ["name": "package-1", "energy_uj": "9000000"])
    let first = EnergyMeter.packages(in: folder.path)
    try folder.write("intel-rapl:1", ["name": "package-1", "energy_uj": "1000000"])
    let last = EnergyMeter.packages(in: folder.path)
    #expect(EnergyMeter.used(from: first, to: last)?.joules == 0)
  }
}
