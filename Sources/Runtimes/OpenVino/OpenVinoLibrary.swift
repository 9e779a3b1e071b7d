import COpenVino
package import Inference
package import NativeLibraries
import Synchronization

/// OpenVINO, found and opened: its functions and its one core.
///
/// Opened at most once per file and never closed. Thread-safe.
package final class OpenVinoLibrary: @unchecked Sendable {
  /// The file it was loaded from.
  package let path: String
  /// Its release, `2026.4.1`.
  package let version: String
  /// What the processor computes fast: `FP32`, `BF16`, `INT8`.
  package let capabilities: [String]

  // Both pointers are constant after `init` and valid for the life of the process; the functions and
  // the core may be used from any thread.
  let api: UnsafePointer<OpenVinoTable>
  let core: OpaquePointer

  /// The processor's name, as the library tells it.
  let processorName: String

  static let device = "CPU"
  private static let opened = Guarded<[String: OpenVinoLibrary]>([:])
  /// Releases whose functions and numbers are those that we declare.
  private static let supportedYear = 2026

  /// The library, opened at the first call; later calls give the same one. Blocks for the tens of
  /// milliseconds that linking and starting it take.
  package static func open(
    in places: NativeLibraryPlaces = .standard
  ) throws(RuntimeFault) -> OpenVinoLibrary {
    try opened.withLock { (opened) throws(RuntimeFault) in
      let file = try find(in: places)
      if let library = opened[file.path] { return library }
      let library = try OpenVinoLibrary(file)
      opened[file.path] = library
      return library
    }
  }

  /// Stands for `libopenvino_c.so.2641` too, as release 2026.4.1 is called in its wheel.
  private static let name = "libopenvino_c.so"

  private static func find(in places: NativeLibraryPlaces) throws(RuntimeFault) -> NativeLibrary {
    do {
      return try NativeLibrary.open(names: [name], in: places)
    } catch {
      throw Self.missing("OpenVINO is needed for this model: \(error.explanation)")
    }
  }

  private static func missing(_ text: String) -> RuntimeFault {
    RuntimeFault(
      code: .runtimeMissing,
      message: "\(text); to get it run scripts/bootstrap, or set APUS_NATIVE to a directory that "
        + "has it")
  }

  private init(_ file: NativeLibrary) throws(RuntimeFault) {
    path = file.path
    let api = try Self.table(of: file)
    version = try Self.version(api)
    let core = try api.make("a core") { api.pointee.core_create(&$0) }
    self.api = api
    self.core = core
    try Self.checkElementTypes(api, version: version)
    try api.setCore(core, ["ENABLE_MMAP": "YES"])
    capabilities = try api.property("OPTIMIZATION_CAPABILITIES", of: core)
      .split { $0 == " " || $0 == "," }.map(String.init)
    processorName = try api.property("FULL_DEVICE_NAME", of: core)
  }

  /// Looks every function up; a library without one of them is of another release.
  private static func table(
    of file: NativeLibrary
  ) throws(RuntimeFault) -> UnsafePointer<OpenVinoTable> {
    let table = UnsafeMutablePointer<OpenVinoTable>.allocate(capacity: 1)
    let entries = UnsafeMutableRawPointer(table)
    var place = 0
    while let name = apus_openvino_function_name(place) {
      guard let symbol = file.symbol(String(cString: name)) else {
        table.deallocate()
        throw missing(
          "the OpenVINO found is not of \(supportedYear): it has no \(String(cString: name))")
      }
      entries.storeBytes(
        of: symbol, toByteOffset: place * MemoryLayout<UnsafeRawPointer>.stride,
        as: UnsafeMutableRawPointer.self)
      place += 1
    }
    return UnsafePointer(table)
  }

  private static func version(
    _ api: UnsafePointer<OpenVinoTable>
  ) throws(RuntimeFault) -> String {
    var told = ov_version_t()
    try api.check(api.pointee.get_openvino_version(&told))
    defer { api.pointee.version_free(&told) }
    // `2026.4.1-22982-e213a147257-releases/2026/4`
    let build = told.buildNumber.map { String(cString: $0) } ?? ""
    let version = String(build.prefix { $0 != "-" })
    guard version.hasPrefix("\(supportedYear).") else {
      throw missing("OpenVINO \(version) was found, \(supportedYear) is needed")
    }
    return version
  }

  /// The numbers of element types have moved between releases: each is tried by the size that the
  /// library gives one element of it.
  private static func checkElementTypes(
    _ api: UnsafePointer<OpenVinoTable>, version: String
  ) throws(RuntimeFault) {
    var element: UInt64 = 0
    for datatype in Datatype.allCases {
      guard let size = datatype.elementByteCount else { continue }
      var length: Int64 = 1
      var byteCount = 0
      try withUnsafeMutablePointer(to: &length) { (lengths) throws(RuntimeFault) in
        let tensor = try api.make("a tensor") {
          api.pointee.tensor_create_from_host_ptr(
            OpenVinoElementType.code(of: datatype), ov_shape_t(rank: 1, dims: lengths), &element,
            &$0)
        }
        defer { api.pointee.tensor_free(tensor) }
        try api.check(api.pointee.tensor_get_byte_size(tensor, &byteCount))
      }
      guard byteCount == size else {
        throw missing("OpenVINO \(version) numbers its element types otherwise than expected")
      }
    }
  }
}
