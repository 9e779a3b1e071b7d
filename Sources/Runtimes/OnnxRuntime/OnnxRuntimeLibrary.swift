import COnnxRuntime
package import Inference
package import NativeLibraries
import Synchronization

/// ONNX Runtime, found and opened: its table of functions and its one environment.
///
/// Opened at most once per file and never closed. Thread-safe.
package final class OnnxRuntimeLibrary: @unchecked Sendable {
  /// The file it was loaded from.
  package let path: String
  /// Its release, `1.31.1`.
  package let version: String

  // The pointers below are constant after `init` and valid for the life of the process; the
  // functions and the environment may be used from any thread.
  let api: UnsafePointer<OnnxRuntimeTable>
  let environment: OpaquePointer
  /// The library's allocator for names, strings and keys.
  let allocator: OpaquePointer
  /// Says that a tensor's bytes lie in plain host memory.
  let hostMemory: OpaquePointer

  /// Whether it can tell a scalar from a tensor of undeclared rank.
  var knowsUndeclaredRank: Bool { OnnxRuntimeVersion(version) >= .knowsUndeclaredRank }

  /// The version of the function table that is asked for: every release from 1.16 on has it.
  private static let tableVersion: UInt32 = 16
  private static let names = ["libonnxruntime.so.1", "libonnxruntime.so"]
  private static let opened = Guarded<[String: OnnxRuntimeLibrary]>([:])

  /// The library, opened at the first call; later calls give the same one. Blocks for the tens of
  /// milliseconds that linking and starting it take.
  package static func open(
    in places: NativeLibraryPlaces = .standard
  ) throws(RuntimeFault) -> OnnxRuntimeLibrary {
    try opened.withLock { (opened) throws(RuntimeFault) in
      let file = try find(in: places)
      if let library = opened[file.path] { return library }
      let library = try OnnxRuntimeLibrary(file)
      opened[file.path] = library
      return library
    }
  }

  private static func find(in places: NativeLibraryPlaces) throws(RuntimeFault) -> NativeLibrary {
    do {
      return try NativeLibrary.open(names: names, in: places)
    } catch {
      throw RuntimeFault(
        code: .runtimeMissing,
        message: "ONNX Runtime is needed for .onnx models: \(error.explanation); "
          + "to get it run scripts/bootstrap, or set APUS_NATIVE to a directory that has it")
    }
  }

  private init(_ file: NativeLibrary) throws(RuntimeFault) {
    let entrance = try Self.entrance(of: file)
    path = file.path
    version = entrance.pointee.GetVersionString().map { String(cString: $0) } ?? ""
    // Asked first: the library writes to standard error when it does not know a table's version.
    guard OnnxRuntimeVersion(version) >= .oldestSupported,
      let api = entrance.pointee.GetApi(Self.tableVersion)
    else { throw Self.tooOld(version) }
    self.api = api
    environment = try api.make { made in
      api.pointee.CreateEnvWithCustomLogger(Self.ignoreLog, nil, Self.fatal, "apus", &made)
    }
    allocator = try api.make { api.pointee.GetAllocatorWithDefaultOptions(&$0) }
    hostMemory = try api.make { api.pointee.CreateCpuMemoryInfo(Self.deviceAllocator, 0, &$0) }
    try api.check(
      api.pointee.RegisterAllocator(environment, OnnxHostMemory.allocator(of: hostMemory)))
  }

  private static func entrance(
    of file: NativeLibrary
  ) throws(RuntimeFault) -> UnsafePointer<OnnxRuntimeEntrance> {
    guard let symbol = file.symbol("OrtGetApiBase"),
      let entrance = unsafeBitCast(symbol, to: OnnxRuntimeGetEntrance.self)()
    else {
      throw RuntimeFault(
        code: .runtimeMissing, message: "the library found is not ONNX Runtime: no OrtGetApiBase")
    }
    return entrance
  }

  private static func tooOld(_ version: String) -> RuntimeFault {
    RuntimeFault(
      code: .runtimeMissing,
      message: "ONNX Runtime \(version) was found, 1.16 or later is needed; "
        + "to get it run scripts/bootstrap, or set APUS_NATIVE to a directory that has it")
  }

  /// What goes wrong comes back as a status too, and standard error is not the library's to write.
  private static let ignoreLog: OrtLoggingFunction = { _, _, _, _, _, _ in }
  private static let fatal: Int32 = 4
  /// `OrtDeviceAllocator`: memory that the library did not take from its arena.
  private static let deviceAllocator: Int32 = 0
}

/// A release of ONNX Runtime, as far as we must tell releases apart.
struct OnnxRuntimeVersion: Comparable {
  let major: Int
  let minor: Int

  static let oldestSupported = OnnxRuntimeVersion("1.16")
  /// The first that can tell a scalar from a tensor of undeclared rank.
  static let knowsUndeclaredRank = OnnxRuntimeVersion("1.24")

  /// From `1.31.1`; what is no number counts as 0.
  init(_ text: String) {
    let numbers = text.split(separator: ".").map { Int($0) ?? 0 }
    major = numbers.first ?? 0
    minor = numbers.dropFirst().first ?? 0
  }

  static func < (left: OnnxRuntimeVersion, right: OnnxRuntimeVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }
}
