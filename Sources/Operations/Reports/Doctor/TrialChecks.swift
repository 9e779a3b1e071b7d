import Imaging
import Inference
import ModelStore
package import NativeLibraries
import OnnxRuntime
import Serving

/// Does what serving does, once: loads a demo model and asks it, decodes a tiny photo of each format.
package struct TrialChecks: Sendable {
  private let places: NativeLibraryPlaces

  package init(places: NativeLibraryPlaces = .standard) { self.places = places }

  /// Blocks for the fraction of a second that it takes.
  package var findings: [Finding] { [model] + TinyPhoto.all.map(photo) }

  private var model: Finding {
    guard let demo = DemoModel.all.first else {
      preconditionFailure("no demo model is part of this program")
    }
    let subject = "model \(demo.name)"
    let trial: ModelTrial
    do {
      trial = try ModelTrial.run(
        ModelSpecification(
          name: demo.name, source: demo.source, loader: OnnxLoader(places: places)))
    } catch {
      return .needed(
        .trial, subject, "\(error)", remedy: "see ONNX Runtime above")
    }
    guard let run = trial.run else {
      return .needed(
        .trial, subject, "loaded, but gave no answer: \(trial.runProblem ?? "no reason given")",
        remedy: "see ONNX Runtime above; another release of it may do")
    }
    return .works(
      .trial, subject,
      "loaded in \(Readable.time(trial.loadNanoseconds)), answered in "
        + Readable.time(run.nanoseconds))
  }

  private func photo(_ tiny: TinyPhoto) -> Finding {
    let subject = "\(tiny.library.format.name) photo"
    do throws(ImageProblem) {
      // Without its library there is nothing to try; that it is missing was said already.
      _ = try tiny.library.open(in: places)
    } catch {
      return .noted(.trial, subject, "not tried: its library is missing")
    }
    let problem = tiny.bytes.withUnsafeBytes { bytes -> String? in
      do throws(ImageProblem) {
        let image = try EncodedImage(bytes).decoded()
        let isRight = image.width == TinyPhoto.width && image.height == TinyPhoto.height
        return isRight ? nil : "decoded to \(image.width) x \(image.height)"
      } catch {
        return FailureMessage.text(for: .invalidInput(.image(error)))
      }
    }
    guard let problem else { return .works(.trial, subject, "decoded") }
    return .missing(
      .trial, subject, problem,
      remedy: "apt-get install --reinstall \(tiny.library.debianPackage)")
  }
}
