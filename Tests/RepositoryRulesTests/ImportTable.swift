/// A module of ours and everything that its files may import.
struct Room: Sendable {
  let name: String
  /// The folder under Sources that holds it.
  let folder: String
  let mayImport: Set<String>

  init(_ name: String, in layer: String? = nil, mayImport: Set<String>) {
    self.name = name
    self.folder = layer.map { "Sources/\($0)/\(name)" } ?? "Sources/\(name)"
    self.mayImport = mayImport
  }
}

/// Who may import what, from the bottom of the house to its roof: a room may name only rooms of
/// rows above its own. A row may stand here before its room does; a room without a row may not.
/// A room of C has a row that allows nothing: its includes are its own business.
enum ImportTable {
  static let layers = ["Core", "Runtimes", "Wire", "Operations", "Measuring"]

  static let rooms: [Room] = core + runtimes + wire + operations + measuring + roof

  private static let core = [
    Room("Kernels", in: "Core", mayImport: []),
    Room("CImaging", in: "Core", mayImport: []),
    Room("CThreads", in: "Core", mayImport: []),
    Room("NativeLibraries", in: "Core", mayImport: ["Synchronization", "Glibc"]),
    // Glibc in the sanitizer's branch of `Guarded` only.
    Room("Inference", in: "Core", mayImport: ["Synchronization", "Glibc"]),
    Room("Batching", in: "Core", mayImport: ["Inference"]),
    Room(
      "Serving", in: "Core",
      mayImport: ["Inference", "Batching", "CThreads", "Synchronization", "Glibc"]),
    Room(
      "Imaging", in: "Core",
      mayImport: [
        "Inference", "NativeLibraries", "CImaging", "Kernels", "Synchronization", "Glibc",
      ]),
    Room(
      "Vision", in: "Core",
      mayImport: ["Inference", "Imaging", "Kernels", "Synchronization", "Glibc"]),
    Room("GraphSteps", in: "Core", mayImport: ["Inference", "Imaging", "Vision"]),
  ]

  private static let runtimes = [
    Room("COnnxRuntime", in: "Runtimes", mayImport: []),
    Room(
      "OnnxRuntime", in: "Runtimes",
      mayImport: ["Inference", "NativeLibraries", "COnnxRuntime", "Synchronization", "Glibc"]),
    Room("COpenVino", in: "Runtimes", mayImport: []),
    Room(
      "OpenVino", in: "Runtimes",
      mayImport: ["Inference", "NativeLibraries", "COpenVino", "Synchronization", "Glibc"]),
    Room(
      "SampleBackends", in: "Runtimes", mayImport: ["Inference", "Synchronization", "Glibc"]),
    Room("CWorkers", in: "Runtimes", mayImport: []),
    Room(
      "Workers", in: "Runtimes", mayImport: ["CWorkers", "Inference", "Synchronization", "Glibc"]),
    Room(
      "Python", in: "Runtimes",
      mayImport: ["CWorkers", "Inference", "Workers", "Synchronization", "Glibc"]),
    Room("Trees", in: "Runtimes", mayImport: ["Inference", "Kernels", "Synchronization", "Glibc"]),
  ]

  private static let wire = [
    Room(
      "WireFormats", in: "Wire",
      mayImport: ["Inference", "Vision", "Kernels", "Synchronization", "Glibc"]),
    Room("CZlib", in: "Wire", mayImport: []),
    Room(
      "Transport", in: "Wire",
      mayImport: [
        "Inference", "Serving", "NIOCore", "NIOEmbedded", "NIOPosix", "NIOSSL", "NIOTLS",
        "Synchronization", "Glibc",
      ]),
    Room(
      "FrontSupport", in: "Wire",
      mayImport: coreNames.union([
        "NativeLibraries", "Transport", "WireFormats", "CZlib", "NIOConcurrencyHelpers", "NIOCore",
        "NIOPosix", "Synchronization", "Glibc",
      ])),
    Room(
      "HTTPFront", in: "Wire",
      mayImport: coreNames.union([
        "FrontSupport", "Transport", "WireFormats", "NIOConcurrencyHelpers", "NIOCore", "NIOPosix",
        "NIOHTTP1",
        "Synchronization", "Glibc",
      ])),
    Room(
      "GRPCFront", in: "Wire",
      mayImport: coreNames.union([
        "FrontSupport", "Transport", "WireFormats", "NIOCore", "NIOPosix", "NIOHPACK", "NIOHTTP2",
        "Synchronization", "Glibc",
      ])),
  ]

  private static let operations = [
    Room("CConsoleAssets", in: "Operations", mayImport: []),
    Room(
      "Settings", in: "Operations",
      mayImport: coreNames.union(["Yams", "Foundation", "FoundationEssentials", "Glibc"])),
    Room("CDemoModels", in: "Operations", mayImport: []),
    Room(
      "ModelStore", in: "Operations",
      mayImport: coreNames.union([
        "CDemoModels", "Settings", "WireFormats", "Yams", "Foundation", "FoundationEssentials",
        "Synchronization",
        "Glibc",
      ])),
    Room(
      "Monitoring", in: "Operations",
      mayImport: coreNames.union(["WireFormats", "Foundation", "Synchronization", "Glibc"])),
    Room(
      "Console", in: "Operations",
      mayImport: coreNames.union(["WireFormats", "CConsoleAssets", "Synchronization", "Glibc"])),
    Room(
      "Reports", in: "Operations",
      mayImport: coreNames.union([
        "NativeLibraries", "OnnxRuntime", "OpenVino", "WireFormats", "Settings", "ModelStore",
        "Glibc",
      ])),
  ]

  private static let measuring = [
    Room(
      "Jobs", in: "Measuring",
      mayImport: coreNames.union(["WireFormats", "Reports", "Synchronization", "Glibc"])),
    Room("CEpoll", in: "Measuring", mayImport: []),
    Room(
      "LoadTesting", in: "Measuring",
      mayImport: coreNames.union([
        "CEpoll", "NativeLibraries", "Transport", "WireFormats", "Reports", "Jobs",
        "Synchronization", "Glibc",
      ])),
  ]

  /// The library that others embed brings no server with it.
  private static let roof = [
    Room(
      "Apus",
      mayImport: coreNames.union(["NativeLibraries", "OnnxRuntime", "Synchronization", "Glibc"])),
    Room(
      "ApusCommand",
      mayImport: coreNames.union([
        "NativeLibraries", "OnnxRuntime", "OpenVino", "Python", "SampleBackends", "Trees",
        "Workers", "WireFormats",
        "FrontSupport", "Transport", "HTTPFront", "GRPCFront", "ModelStore",
        "Settings", "Monitoring", "Console", "Reports", "Jobs", "LoadTesting", "Apus",
        "ArgumentParser", "Foundation", "FoundationEssentials",
        "NIOCore", "NIOPosix", "Synchronization", "Glibc",
      ])),
  ]

  private static let coreNames: Set = [
    "Inference", "Batching", "Serving", "Imaging", "Vision", "GraphSteps",
  ]
}
