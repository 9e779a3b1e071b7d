import ArgumentParser
import Inference
import Jobs
import Vision

/// The parameters of `/detect` and `/classify`, by the names and with the limits that they have there.
struct AskingArguments: ParsableArguments {
  @Option(help: "Leave out detections of a score below this, 0 to 1. (default: 0.25)")
  var confidence: String?

  @Option(help: "Of two boxes of a class that overlap more, leave out the weaker. (default: 0.45)")
  var iou: String?

  @Option(help: "At most so many detections. (default: 300)")
  var maxDetections: String?

  @Flag(help: "A box may have several classes.")
  var multiLabel = false

  @Option(help: "So many classes of a classifier. (default: 5)")
  var top: String?

  func settings() throws -> JobSettings {
    var settings = JobSettings()
    do throws(InputProblem) {
      if let confidence { try settings.detection.set("confidence", to: confidence) }
      if let iou { try settings.detection.set("iou", to: iou) }
      if let maxDetections { try settings.detection.set("max_detections", to: maxDetections) }
      settings.detection.isMultiLabel = multiLabel
      if let top { try settings.classification.set("top", to: top) }
    } catch {
      throw Failure.usage(FailureMessage.text(for: .invalidInput(error)))
    }
    return settings
  }
}
