import Imaging
import Inference
package import NativeLibraries
import OnnxRuntime
import OpenVino

/// Looks for the native libraries and opens them, as serving would.
package struct LibraryChecks: Sendable {
  private let places: NativeLibraryPlaces

  package init(places: NativeLibraryPlaces = .standard) { self.places = places }

  package var findings: [Finding] {
    [onnxRuntime, openVino] + ImageLibrary.all.map(imageLibrary) + [zlib]
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

  private var openVino: Finding {
    do throws(RuntimeFault) {
      let library = try OpenVinoLibrary.open(in: places)
      let fast = library.capabilities.filter { ["BF16", "INT8"].contains($0) }
      return .works(
        .runtimes, "OpenVINO",
        "\(library.version), \(library.path)"
          + (fast.isEmpty ? "" : ", computes \(fast.joined(separator: " and ")) fast"))
    } catch {
      return .missing(
        .runtimes, "OpenVINO", error.message,
        remedy: "for OpenVINO, TensorFlow and Paddle models and for precisions beside f32 run "
          + "scripts/bootstrap run in the source tree, or set APUS_NATIVE to a directory that has "
          + "libopenvino_c.so")
    }
  }

  private func imageLibrary(_ library: ImageLibrary) -> Finding {
    let subject = "\(library.format.name) photos"
    do throws(ImageProblem) {
      let path = try library.open(in: places).path
      return .works(.runtimes, subject, LoadedFile.path(of: path))
    } catch {
      return .missing(
        .runtimes, subject, "\(library.fileNames[0]) was not found",
        remedy: "apt-get install \(library.debianPackage)")
    }
  }

  private var zlib: Finding {
    do throws(NativeLibraryMissing) {
      let path = try NativeLibrary.open(names: ["libz.so.1"], in: places).path
      return .works(.runtimes, "gzip and deflate", LoadedFile.path(of: path))
    } catch {
      return .missing(
        .runtimes, "gzip and deflate", "libz.so.1 was not found",
        remedy: "apt-get install zlib1g")
    }
  }
}
