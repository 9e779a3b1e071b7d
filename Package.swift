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
func room(
  _ name: String, in layer: String, needs: [Target.Dependency] = []
) -> Target {
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
  products: [.library(name: "Apus", targets: ["Apus"])],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Core
    room("Inference", in: "Core"),
    room("Batching", in: "Core", needs: ["Inference"]),
    room("Serving", in: "Core", needs: ["Inference", "Batching"]),
    room("NativeLibraries", in: "Core"),
    .target(name: "CImaging", path: "Sources/Core/CImaging"),
    .target(name: "Kernels", path: "Sources/Core/Kernels"),
    room("Imaging", in: "Core", needs: ["Inference", "NativeLibraries", "CImaging", "Kernels"]),
    room("Vision", in: "Core", needs: ["Inference", "Imaging", "Kernels"]),
    tests("Inference"),
    tests("Batching", needs: ["Inference"]),
    tests("Serving", needs: ["Inference", "TestSupport"]),
    tests("NativeLibraries"),
    tests("Imaging", needs: ["Inference", "Kernels", "PhotoSamples"]),
    tests("Vision", needs: ["Inference", "Imaging", "PhotoSamples"]),

    // Runtimes
    .target(name: "COnnxRuntime", path: "Sources/Runtimes/COnnxRuntime"),
    room("OnnxRuntime", in: "Runtimes", needs: ["Inference", "NativeLibraries", "COnnxRuntime"]),
    tests("OnnxRuntime", needs: ["Inference", "NativeLibraries", "TestSupport"]),

    // Wire
    room("WireFormats", in: "Wire", needs: ["Inference", "Vision"]),
    tests("WireFormats", needs: ["Inference"]),

    // Operations
    room(
      "Settings", in: "Operations", needs: ["Inference", .product(name: "Yams", package: "Yams")]),
    room("Monitoring", in: "Operations", needs: ["Inference"]),
    .target(name: "CConsoleAssets", path: "Sources/Operations/CConsoleAssets"),
    .target(
      name: "Console", dependencies: ["CConsoleAssets"], path: "Sources/Operations/Console",
      exclude: ["Page"], swiftSettings: house),
    tests("Settings", needs: ["Inference"]),
    tests("Monitoring", needs: ["Inference"]),
    tests("Console"),

    // What people use
    .target(
      name: "Apus", dependencies: ["Inference", "Serving", "Imaging", "Vision", "OnnxRuntime"],
      path: "Sources/Apus", swiftSettings: house),

    // Measuring single rooms
    .executableTarget(
      name: "CodecBench", dependencies: ["WireFormats", "Inference"],
      path: "Benchmarks/CodecBench", swiftSettings: house),


    // Tests of more than one room
    .target(
      name: "TestSupport", dependencies: ["Inference"], path: "Tests/TestSupport",
      swiftSettings: house),
    .target(name: "PhotoSamples", path: "Tests/PhotoSamples", swiftSettings: house),
    .testTarget(name: "RepositoryRulesTests", swiftSettings: house),
  ],
  swiftLanguageModes: [.v6]
)
