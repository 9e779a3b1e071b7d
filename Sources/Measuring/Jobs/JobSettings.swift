package import Vision

/// How inputs are answered; the same for all of them.
package struct JobSettings: Sendable {
  package var detection = DetectionParameters()
  package var classification = ClassificationParameters()
  /// Photos of a detector come back with their boxes drawn on them.
  package var isAnnotating = false

  package init() {}
}
