package import WireFormats

/// How often, or how nearly, one way of computing the model was right over a labelled set: the figure
/// that the set is judged by.
package struct VariantAccuracy: Sendable, Equatable {
  /// One of `AccuracyFigures.names`.
  package let metric: String
  package let value: Double

  package init(metric: String, value: Double) {
    self.metric = metric
    self.value = value
  }

  /// `nil` for a document that is none of `AccuracyFigures`, or has no value.
  package init?(json: JSONValue) {
    guard let metric = json.text("metric"), let value = json.number("value") else { return nil }
    self.init(metric: metric, value: value)
  }

  /// What is lost beside the reference, in proportion to its value, or where that is 0 by itself; below
  /// 0 where it is gained.
  package func loss(beside reference: VariantAccuracy) -> Double {
    let isGain = AccuracyFigures.isGain(metric)
    let lost = isGain ? reference.value - value : value - reference.value
    return reference.value == 0 ? lost : lost / reference.value.magnitude
  }

  var json: JSONValue {
    .object([.init("metric", .string(metric)), .init("value", .number(value))])
  }
}
