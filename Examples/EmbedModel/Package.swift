// swift-tools-version: 6.2
import PackageDescription

// A program of its own that embeds a model: it depends on the library `Apus` and on nothing else.
let package = Package(
  name: "EmbedModel",
  dependencies: [.package(name: "apus", path: "../..")],
  targets: [
    .executableTarget(
      name: "EmbedModel", dependencies: [.product(name: "Apus", package: "apus")])
  ],
  swiftLanguageModes: [.v6]
)
