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
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")
  ],
  targets: [
    room("Inference", in: "Core"),
    tests("Inference"),
    room("NativeLibraries", in: "Core"),
    tests("NativeLibraries"),
    .target(name: "CZlib", path: "Sources/Wire/CZlib"),
    room("WireFormats", in: "Wire", needs: ["Inference"]),
    room(
      "HTTPFront", in: "Wire",
      needs: [
        "CZlib", "Inference", "NativeLibraries", "Serving", "Vision", "WireFormats",
        .product(name: "NIOConcurrencyHelpers", package: "swift-nio"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ]),
    tests(
      "HTTPFront",
      needs: [
        "Inference", "Serving", "TestSupport",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ]),
    .executableTarget(
      name: "FrontBench", dependencies: ["HTTPFront", "Inference", "Serving"],
      path: "Benchmarks/FrontBench", swiftSettings: house),
    room("Batching", in: "Core", needs: ["Inference"]),
    tests("Batching", needs: ["Inference"]),
    room("Serving", in: "Core", needs: ["Inference", "Batching"]),
    tests("Serving", needs: ["Inference", "TestSupport"]),
    .target(
      name: "TestSupport", dependencies: ["Inference"], path: "Tests/TestSupport",
      swiftSettings: house),
    .testTarget(name: "RepositoryRulesTests", swiftSettings: house),
    .target(name: "CImaging", path: "Sources/Core/CImaging"),
    .target(name: "Kernels", path: "Sources/Core/Kernels"),
    room(
      "Imaging", in: "Core", needs: ["Inference", "NativeLibraries", "CImaging", "Kernels"]),
    room("Vision", in: "Core", needs: ["Inference", "Imaging", "Kernels"]),
  ],
  swiftLanguageModes: [.v6]
)
