// swift-tools-version: 6.2
import PackageDescription

/// What every target of ours is compiled with: warnings stop the build, imports are private to
/// the file's module unless they say otherwise, and existentials are written `any`.
let house: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A room: one target in its layer's folder.
func room(_ name: String, in layer: String, needs: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: needs, path: "Sources/\(layer)/\(name)", swiftSettings: house)
}

/// The tests of a room, in the folder of the same name.
func tests(_ room: String, needs: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(room)Tests", dependencies: [.byName(name: room)] + needs, swiftSettings: house)
}

let package = Package(
  name: "apus",
  products: [
    .executable(name: "apus", targets: ["ApusCommand"]),
    .library(name: "Apus", targets: ["Apus"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Core
    room("Inference", in: "Core"),
    room("Batching", in: "Core", needs: ["Inference"]),
    .target(name: "CThreads", path: "Sources/Core/CThreads"),
    room("Serving", in: "Core", needs: ["Inference", "Batching", "CThreads"]),
    room("NativeLibraries", in: "Core"),
    .target(name: "CImaging", path: "Sources/Core/CImaging"),
    .target(name: "Kernels", path: "Sources/Core/Kernels"),
    room("Imaging", in: "Core", needs: ["Inference", "NativeLibraries", "CImaging", "Kernels"]),
    room("Vision", in: "Core", needs: ["Inference", "Imaging", "Kernels"]),
    room("GraphSteps", in: "Core", needs: ["Inference", "Imaging", "Vision"]),
    tests("Inference"),
    tests("Batching", needs: ["Inference"]),
    tests("Serving", needs: ["Inference", "TestSupport"]),
    tests("NativeLibraries"),
    tests("Imaging", needs: ["Inference", "NativeLibraries", "Kernels", "PhotoSamples"]),
    tests("Vision", needs: ["Inference", "Imaging", "PhotoSamples"]),
    tests("GraphSteps", needs: ["Inference", "Imaging", "PhotoSamples", "Vision"]),

    // Runtimes
    .target(name: "COnnxRuntime", path: "Sources/Runtimes/COnnxRuntime"),
    room("OnnxRuntime", in: "Runtimes", needs: ["Inference", "NativeLibraries", "COnnxRuntime"]),
    tests("OnnxRuntime", needs: ["Inference", "NativeLibraries", "TestSupport"]),
    .target(name: "COpenVino", path: "Sources/Runtimes/COpenVino"),
    room("OpenVino", in: "Runtimes", needs: ["Inference", "NativeLibraries", "COpenVino"]),
    tests("OpenVino", needs: ["Inference", "NativeLibraries", "TestSupport"]),
    room("SampleBackends", in: "Runtimes", needs: ["Inference"]),
    tests("SampleBackends", needs: ["Inference"]),
    room("Trees", in: "Runtimes", needs: ["Inference", "Kernels"]),
    tests("Trees", needs: ["Inference"]),
    .target(name: "CWorkers", path: "Sources/Runtimes/CWorkers"),
    room("Workers", in: "Runtimes", needs: ["CWorkers", "Inference"]),
    tests("Workers", needs: ["Inference"]),
    .target(
      name: "Python", dependencies: ["CWorkers", "Inference", "Workers"],
      path: "Sources/Runtimes/Python", exclude: ["Worker"], swiftSettings: house),
    tests("Python", needs: ["Inference"]),

    // Wire
    room("WireFormats", in: "Wire", needs: ["Inference", "Vision"]),
    .target(name: "CZlib", path: "Sources/Wire/CZlib"),
    room(
      "FrontSupport", in: "Wire",
      needs: [
        "CZlib", "Imaging", "Inference", "NativeLibraries", "Serving", "Transport", "Vision",
        "WireFormats",
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    room(
      "Transport", in: "Wire",
      needs: [
        "Inference", "Serving", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "NIOTLS", package: "swift-nio"),
      ]),
    tests(
      "Transport",
      needs: [
        "Inference", .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    room(
      "HTTPFront", in: "Wire",
      needs: [
        "FrontSupport", "Imaging", "Inference", "Serving", "Transport", "Vision", "WireFormats",
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    room(
      "GRPCFront", in: "Wire",
      needs: [
        "FrontSupport", "Inference", "Serving", "Transport", "Vision", "WireFormats",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    tests("WireFormats", needs: ["Inference"]),
    tests("FrontSupport", needs: ["Inference", "Serving", "TestSupport"]),
    tests(
      "GRPCFront",
      needs: [
        "FrontSupport", "Inference", "Serving", "TestSupport", "WireFormats",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
        .product(name: "NIOHPACK", package: "swift-nio-http2"),
        .product(name: "NIOHTTP2", package: "swift-nio-http2"),
      ]),
    tests(
      "HTTPFront",
      needs: [
        "FrontSupport", "Inference", "PhotoSamples", "Serving", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),

    // Operations
    room(
      "Settings", in: "Operations", needs: ["Inference", .product(name: "Yams", package: "Yams")]),
    room("Monitoring", in: "Operations", needs: ["Inference", "Serving", "WireFormats"]),
    .target(name: "CDemoModels", path: "Sources/Operations/CDemoModels"),
    room(
      "ModelStore", in: "Operations",
      needs: [
        "Batching", "CDemoModels", "Inference", "Imaging", "Vision", "Settings", "WireFormats",
        .product(name: "Yams", package: "Yams"),
      ]),
    room(
      "Reports", in: "Operations",
      needs: [
        "Batching", "Inference", "Serving", "NativeLibraries", "Imaging", "Vision", "OnnxRuntime",
        "OpenVino",
        "WireFormats", "Settings", "ModelStore",
      ]),
    tests(
      "ModelStore",
      needs: ["Batching", "Inference", "Imaging", "Settings", "Vision", "WireFormats"]),
    tests(
      "Reports",
      needs: [
        "Inference", "ModelStore", "NativeLibraries", "Settings", "TestSupport", "WireFormats",
      ]),
    .target(name: "CConsoleAssets", path: "Sources/Operations/CConsoleAssets"),
    .target(
      name: "Console", dependencies: ["CConsoleAssets"], path: "Sources/Operations/Console",
      exclude: ["Page"], swiftSettings: house),
    tests("Settings", needs: ["Inference"]),
    tests("Monitoring", needs: ["Inference"]),
    tests("Console"),

    // Measuring
    room(
      "Jobs", in: "Measuring",
      needs: ["Inference", "Serving", "Imaging", "Vision", "WireFormats", "Reports"]),
    tests(
      "Jobs", needs: ["Inference", "Serving", "Vision", "WireFormats", "Reports", "TestSupport"]),
    .target(name: "CEpoll", path: "Sources/Measuring/CEpoll"),
    room(
      "LoadTesting", in: "Measuring",
      needs: [
        "CEpoll", "Imaging", "Inference", "Jobs", "NativeLibraries", "Reports", "Serving",
        "Transport",
        "Vision", "WireFormats",
      ]),
    tests("LoadTesting", needs: ["Inference", "Serving", "Vision", "WireFormats"]),

    // What people use
    .target(
      name: "Apus", dependencies: ["Inference", "Serving", "Imaging", "Vision", "OnnxRuntime"],
      path: "Sources/Apus", swiftSettings: house),
    tests("Apus"),

    .executableTarget(
      name: "ApusCommand",
      dependencies: [
        "Console", "FrontSupport", "GRPCFront", "GraphSteps", "HTTPFront", "Inference", "Jobs",
        "LoadTesting", "ModelStore", "Monitoring", "OnnxRuntime", "OpenVino", "Python", "Reports",
        "SampleBackends", "Serving", "Settings", "Transport", "Trees", "Vision", "WireFormats",
        "Workers",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/ApusCommand", swiftSettings: house),

    // Measuring single rooms
    .executableTarget(
      name: "CodecBench", dependencies: ["WireFormats", "Inference"],
      path: "Benchmarks/CodecBench", swiftSettings: house),
    .executableTarget(
      name: "FrontBench",
      dependencies: ["FrontSupport", "GRPCFront", "HTTPFront", "Inference", "Serving"],
      path: "Benchmarks/FrontBench", swiftSettings: house),
    .executableTarget(
      name: "TreesBench", dependencies: ["Inference", "Trees"],
      path: "Benchmarks/TreesBench", swiftSettings: house),
    .executableTarget(
      name: "WorkerBench", dependencies: ["Inference", "Workers"],
      path: "Benchmarks/WorkerBench", swiftSettings: house),
    .executableTarget(
      name: "VisionBench", dependencies: ["Inference", "Imaging", "Vision"],
      path: "Benchmarks/VisionBench", swiftSettings: house),

    // Tests of more than one room
    .target(
      name: "TestSupport", dependencies: ["Inference"], path: "Tests/TestSupport",
      swiftSettings: house),
    .target(name: "PhotoSamples", path: "Tests/PhotoSamples", swiftSettings: house),
    .testTarget(
      name: "ConformanceTests",
      dependencies: ["Inference", "OnnxRuntime", "OpenVino", "TestSupport", "Trees"],
      swiftSettings: house),
    .testTarget(name: "RepositoryRulesTests", swiftSettings: house),
    .testTarget(name: "IntegrationTests", swiftSettings: house),
  ],
  swiftLanguageModes: [.v6]
)
