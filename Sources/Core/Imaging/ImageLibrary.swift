package import Inference
package import NativeLibraries
import Synchronization

/// A shared library that reads one format, and how to get it.
package struct ImageLibrary: Sendable {
  package let format: ImageFormat
  package let fileNames: [String]
  package let debianPackage: String

  package static let turboJPEG = ImageLibrary(
    format: .jpeg, fileNames: ["libturbojpeg.so.0"], debianPackage: "libturbojpeg0")
  package static let spng = ImageLibrary(
    format: .png, fileNames: ["libspng.so.0"], debianPackage: "libspng0")
  package static let webp = ImageLibrary(
    format: .webp, fileNames: ["libwebp.so.7"], debianPackage: "libwebp7")
  package static let all = [turboJPEG, spng, webp]

  /// Opens the library, or says what is missing and how to install it.
  package func open(
    in places: NativeLibraryPlaces = .standard
  ) throws(ImageProblem) -> NativeLibrary {
    do {
      return try NativeLibrary.open(names: fileNames, in: places)
    } catch {
      throw unsupported("\(error.names.joined(separator: ", ")) was not found")
    }
  }

  /// The address of a function, which any release of this major version has.
  func function<Function>(
    _ name: String, of library: NativeLibrary, as type: Function.Type
  ) throws(ImageProblem) -> Function {
    guard let address = library.symbol(name) else {
      throw unsupported("\(fileNames[0]) has no \(name)")
    }
    return unsafeBitCast(address, to: type)
  }

  private func unsupported(_ fact: String) -> ImageProblem {
    .unsupported(
      format: format.name, reason: "\(fact); install it: apt-get install \(debianPackage)")
  }
}

/// What was opened once; tried again at each use while it is missing, so that a library installed
/// meanwhile is found.
final class OpenedOnce<Library: Sendable>: Sendable {
  private let opened = Guarded<Library?>(nil)

  func get(_ open: () throws(ImageProblem) -> Library) throws(ImageProblem) -> Library {
    // Opening happens outside the lock: of two at once one result is dropped, which does no harm.
    if let library = opened.withLock({ $0 }) { return library }
    let library = try open()
    opened.withLock { $0 = library }
    return library
  }
}
