// swift-tools-version: 6.2
import PackageDescription

/// The fuzz targets: a package of its own that compiles the rooms again, with coverage and the
/// address sanitizer, out of the folders of the main package (`Sources` and some files here are links).
/// Nobody depends on this package, so it may have unsafe flags. Being one package makes the rooms'
/// `package` declarations visible; `-enable-testing` does that for their internal ones.
let sanitizers = "-sanitize=fuzzer,address"
let house: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
  .unsafeFlags([sanitizers, "-enable-testing"]),
]

func room(_ name: String, in layer: String, needs: [Target.Dependency] = []) -> Target {
  .target(
    name: name, dependencies: needs, path: "Sources/\(layer)/\(name)", swiftSettings: house)
}

func roomOfC(_ name: String, in layer: String) -> Target {
  .target(
    name: name, path: "Sources/\(layer)/\(name)",
    cSettings: [.unsafeFlags(["-fsanitize=fuzzer-no-link,address"])])
}

func nio(_ product: String) -> Target.Dependency {
  .product(name: product, package: "swift-nio")
}

func http2(_ product: String) -> Target.Dependency {
  .product(name: product, package: "swift-nio-http2")
}

let package = Package(
  name: "apus-fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-http2", exact: "1.46.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    room("Inference", in: "Core"),
    room("Batching", in: "Core", needs: ["Inference"]),
    roomOfC("CThreads", in: "Core"),
    room("Serving", in: "Core", needs: ["CThreads", "Inference", "Batching"]),
    room("NativeLibraries", in: "Core"),
    roomOfC("CImaging", in: "Core"),
    roomOfC("Kernels", in: "Core"),
    room("Imaging", in: "Core", needs: ["Inference", "NativeLibraries", "CImaging", "Kernels"]),
    room("Vision", in: "Core", needs: ["Inference", "Imaging", "Kernels"]),
    room("Trees", in: "Runtimes", needs: ["Inference", "Kernels"]),
    roomOfC("CWorkers", in: "Runtimes"),
    room("Workers", in: "Runtimes", needs: ["CWorkers", "Inference"]),
    room("WireFormats", in: "Wire", needs: ["Inference", "Vision"]),
    roomOfC("CZlib", in: "Wire"),
    room(
      "FrontSupport", in: "Wire",
      needs: [
        "CZlib", "Imaging", "Inference", "NativeLibraries", "Serving", "Transport", "Vision",
        "WireFormats", nio("NIOConcurrencyHelpers"), nio("NIOCore"), nio("NIOPosix"),
      ]),
    room(
      "Transport", in: "Wire",
      needs: [
        "Inference", "Serving", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOPosix"),
        nio("NIOTLS"), .product(name: "NIOSSL", package: "swift-nio-ssl"),
      ]),
    room(
      "HTTPFront", in: "Wire",
      needs: [
        "FrontSupport", "Imaging", "Inference", "Serving", "Transport", "Vision", "WireFormats",
        nio("NIOConcurrencyHelpers"), nio("NIOCore"), nio("NIOHTTP1"), nio("NIOPosix"),
      ]),
    room(
      "GRPCFront", in: "Wire",
      needs: [
        "FrontSupport", "Inference", "Serving", "Transport", "Vision", "WireFormats",
        nio("NIOCore"), http2("NIOHPACK"), http2("NIOHTTP2"), nio("NIOPosix"),
      ]),
    room(
      "Settings", in: "Operations", needs: ["Inference", .product(name: "Yams", package: "Yams")]),
    roomOfC("CDemoModels", in: "Operations"),
    room(
      "ModelStore", in: "Operations",
      needs: [
        "Batching", "CDemoModels", "Imaging", "Inference", "Settings", "Vision", "WireFormats",
        .product(name: "Yams", package: "Yams"),
      ]),
    roomOfC("COnnxRuntime", in: "Runtimes"),
    room("OnnxRuntime", in: "Runtimes", needs: ["Inference", "NativeLibraries", "COnnxRuntime"]),
    roomOfC("COpenVino", in: "Runtimes"),
    room("OpenVino", in: "Runtimes", needs: ["Inference", "NativeLibraries", "COpenVino"]),
    room(
      "Reports", in: "Operations",
      needs: [
        "Batching", "Inference", "Serving", "NativeLibraries", "Imaging", "Vision", "OnnxRuntime",
        "OpenVino", "WireFormats", "Settings", "ModelStore",
      ]),
    room(
      "Jobs", in: "Measuring",
      needs: ["Inference", "Serving", "Imaging", "Vision", "WireFormats", "Reports"]),
    roomOfC("CEpoll", in: "Measuring"),
    room(
      "LoadTesting", in: "Measuring",
      needs: [
        "CEpoll", "Imaging", "Inference", "Serving", "Transport", "WireFormats", "Reports", "Jobs",
        "NativeLibraries",
        "Vision",
      ]),
    .target(
      name: "TestSupport", dependencies: ["Inference"], path: "TestSupport",
      swiftSettings: house),
    .target(
      name: "FrontFixture",
      dependencies: [
        "FrontSupport", "HTTPFront", "Inference", "Serving", "TestSupport", nio("NIOCore"),
        nio("NIOEmbedded"),
        nio("NIOHTTP1"),
      ], path: "FrontFixture", swiftSettings: house),
    .target(name: "CFuzzer", path: "CFuzzer"),
    .executableTarget(
      name: "Decoders",
      dependencies: [
        "CFuzzer", "FrontFixture", "FrontSupport", "GRPCFront", "HTTPFront", "Imaging",
        "Inference", "LoadTesting", "ModelStore", "Serving", "Settings", "TestSupport", "Transport",
        "Trees", "Vision",
        "WireFormats", "Workers", nio("NIOCore"), nio("NIOEmbedded"), nio("NIOHTTP1"),
        http2("NIOHPACK"),
        http2("NIOHTTP2"),
      ], path: "Decoders", swiftSettings: house,
      linkerSettings: [.unsafeFlags([sanitizers])]),
  ],
  swiftLanguageModes: [.v6]
)
