import Imaging
import Inference
package import NativeLibraries
import OnnxRuntime

/// Looks for the native libraries and opens them, as serving would.
package struct LibraryChecks: Sendable {
  private let places: NativeLibraryPlaces

  package init(places: NativeLibraryPlaces = .standard) { self.places = places }

  package var findings: [Finding] {
    [onnxRuntime] + ImageLibrary.all.map(imageLibrary) + [zlib]
  }

  private var onnxRuntime: Finding {
    do throws(RuntimeFault) {
      let library = try OnnxRuntimeLibrary.open(in: places)
      return .works(.runtimes, "ONNX Runtime", "\(library.version), \(library.path)")
    } catch {
      return .needed(
        .runtimes, "ONNX Runtime", error.message,
        remedy: "run scripts/bootstrap run in the source tree, or set APUS_NATIVE to a directory "
          + "that has libonnxruntime.so")
    }
  }

  private func imageLibrary(_ library: ImageLibrary) -> Finding {
    let subject = "\(library.format.name) photos"
    do throws(ImageProblem) {
      return .works(.runtimes, subject, try library.open(in: places).path)
    } catch {
      return .missing(
        .runtimes, subject, "\(library.fileNames[0]) was not found",
        remedy: "apt-get install \(library.debianPackage)")
    }
  }

  private var zlib: Finding {
    do throws(NativeLibraryMissing) {
      let path = try NativeLibrary.open(names: ["libz.so.1"], in: places).path
      return .works(.runtimes, "gzip and deflate", path)
    } catch {
      return .missing(
        .runtimes, "gzip and deflate", "libz.so.1 was not found",
        remedy: "apt-get install zlib1g")
    }
  }
}
