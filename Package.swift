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
  targets: [
    room("Inference", in: "Core"),
    tests("Inference"),
    room("NativeLibraries", in: "Core"),
    tests("NativeLibraries"),
    .target(name: "CImaging", path: "Sources/Core/CImaging"),
    .target(name: "Kernels", path: "Sources/Core/Kernels"),
    room(
      "Imaging", in: "Core", needs: ["Inference", "NativeLibraries", "CImaging", "Kernels"]),
    tests("Imaging", needs: ["Inference", "NativeLibraries", "Kernels", "PhotoSamples"]),
    room("Vision", in: "Core", needs: ["Inference", "Imaging", "Kernels"]),
    tests("Vision", needs: ["Inference", "Imaging", "PhotoSamples"]),
    .executableTarget(
      name: "VisionBench", dependencies: ["Inference", "Imaging", "Vision"],
      path: "Benchmarks/VisionBench", swiftSettings: house),
    .target(name: "PhotoSamples", path: "Tests/PhotoSamples", swiftSettings: house),
  ],
  swiftLanguageModes: [.v6]
)
