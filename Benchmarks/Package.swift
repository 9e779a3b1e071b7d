// swift-tools-version: 6.2
import PackageDescription

/// What `make bench` needs to be compiled, apart from the server: the loops that the server is
/// compared with. A package of its own, so that it sees of Apus only what everybody sees.
let house: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

let package = Package(
  name: "apus-benchmarks",
  dependencies: [.package(name: "apus", path: "..")],
  targets: [
    .target(name: "CRuntime"),
    .target(name: "Rounds", swiftSettings: house),
    .executableTarget(
      name: "RuntimeLoop", dependencies: ["CRuntime", "Rounds"], swiftSettings: house),
    .executableTarget(
      name: "LibraryLoop", dependencies: ["Rounds", .product(name: "Apus", package: "apus")],
      swiftSettings: house),
    .executableTarget(name: "EchoPeer", swiftSettings: house),
  ],
  swiftLanguageModes: [.v6]
)
