import Glibc

/// Files that tests of photos read: the committed fixtures, and the shared test data where it is.
package enum PhotoSamples {
  /// Why a test of shared data is skipped.
  package static let absence =
    "the shared test data is not here; set APUS_SHARED_DATA to its folder"

  private static var repository: String {
    let parts = #filePath.split(separator: "/").dropLast(3)
    return "/" + parts.joined(separator: "/")
  }

  private static var sharedFolder: String {
    getenv("APUS_SHARED_DATA").map { String(cString: $0) } ?? repository + "/../shared/data"
  }

  package static var hasSharedData: Bool {
    access(sharedFolder + "/images/bus.jpg", R_OK) == 0
  }

  /// A file of the shared test data: `images/bus.jpg`.
  package static func shared(_ path: String) -> [UInt8] { contents(sharedFolder + "/" + path) }

  /// A file of Tests/Fixtures/images.
  package static func fixture(_ name: String) -> [UInt8] {
    contents(repository + "/Tests/Fixtures/images/" + name)
  }

  /// The elements of a NumPy array file, without its header.
  package static func array<Element: BitwiseCopyable>(
    _ path: String, of type: Element.Type
  ) -> [Element] {
    let file = shared(path)
    let headerCount = 10 + Int(file[8]) + Int(file[9]) << 8
    return file.withUnsafeBytes { bytes in
      (0..<(bytes.count - headerCount) / MemoryLayout<Element>.stride).map {
        bytes.loadUnaligned(
          fromByteOffset: headerCount + $0 * MemoryLayout<Element>.stride, as: type)
      }
    }
  }

  private static func contents(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { preconditionFailure("cannot read \(path)") }
    defer { fclose(file) }
    fseek(file, 0, SEEK_END)
    let count = ftell(file)
    rewind(file)
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = fread(buffer.baseAddress, 1, count, file)
    }
  }
}
