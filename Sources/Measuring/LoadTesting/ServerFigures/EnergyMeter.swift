import Glibc
import NativeLibraries

/// Energy that the machine's processors and accelerators counted, where this user may read it.
struct EnergyMeter: Sendable {
  /// One counter of joules; it begins again at `wrapsAt`.
  struct Counter: Sendable, Equatable {
    let name: String
    let joules: Double
    let wrapsAt: Double?
  }

  /// What can be read now; empty on most machines without rights.
  static func read() -> [Counter] { packages(in: "/sys/class/powercap") + graphics() }

  /// Joules between two readings, and of what; `nil` where nothing can be read.
  static func used(from first: [Counter], to last: [Counter]) -> (joules: Double, of: [String])? {
    let parts = first.compactMap { before -> (String, Double)? in
      guard let after = last.first(where: { $0.name == before.name }) else { return nil }
      var joules = after.joules - before.joules
      if joules < 0 { joules += before.wrapsAt ?? -joules }
      return (before.name, joules)
    }
    return parts.isEmpty ? nil : (parts.reduce(0) { $0 + $1.1 }, parts.map(\.0))
  }

  /// The kernel's powercap: `intel-rapl:0` is the first package, its parts have a second number; files in
  /// microjoules. AMD's processors have the same.
  static func packages(in folder: String) -> [Counter] {
    FolderNames.of(folder).sorted().compactMap { zone in
      guard zone.hasPrefix("intel-rapl:"), zone.count(where: { $0 == ":" }) == 1 else { return nil }
      let path = "\(folder)/\(zone)"
      guard let energy = Double(SystemText.firstLine("\(path)/energy_uj")) else { return nil }
      let wrap = Double(SystemText.firstLine("\(path)/max_energy_range_uj"))
      return Counter(
        name: SystemText.firstLine("\(path)/name"), joules: energy / 1e6,
        wrapsAt: wrap.map { $0 / 1e6 })
    }
  }

  // MARK: NVIDIA

  private typealias Action = @convention(c) () -> Int32
  private typealias CountReading = @convention(c) (UnsafeMutablePointer<UInt32>) -> Int32
  private typealias DeviceReading =
    @convention(c) (UInt32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
  private typealias EnergyReading =
    @convention(c) (OpaquePointer, UnsafeMutablePointer<UInt64>) -> Int32

  /// NVML, the library that comes with NVIDIA's driver: `nvmlDeviceGetTotalEnergyConsumption`, in
  /// millijoules since the driver was loaded; 0 is success.
  private static func graphics() -> [Counter] {
    // Without the driver there are no such accelerators.
    guard let library = try? NativeLibrary.open(names: ["libnvidia-ml.so.1"]),
      let begin = library.symbol("nvmlInit_v2"),
      let count = library.symbol("nvmlDeviceGetCount_v2"),
      let device = library.symbol("nvmlDeviceGetHandleByIndex_v2"),
      let energy = library.symbol("nvmlDeviceGetTotalEnergyConsumption"),
      unsafeBitCast(begin, to: Action.self)() == 0
    else { return [] }
    var deviceCount: UInt32 = 0
    guard unsafeBitCast(count, to: CountReading.self)(&deviceCount) == 0 else { return [] }
    return (0..<min(deviceCount, 64)).compactMap { index in
      var handle: OpaquePointer?
      var millijoules: UInt64 = 0
      guard unsafeBitCast(device, to: DeviceReading.self)(index, &handle) == 0, let handle,
        unsafeBitCast(energy, to: EnergyReading.self)(handle, &millijoules) == 0
      else { return nil }
      return Counter(name: "gpu-\(index)", joules: Double(millijoules) / 1_000, wrapsAt: nil)
    }
  }
}
