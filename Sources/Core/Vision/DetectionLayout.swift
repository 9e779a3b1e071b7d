/// How a detector's answer lies in its output of three axes, [batch, a, b].
///
/// Which axis holds the features is told, in this order, by: the number of class names; the number
/// of places that the input's size makes in strides of 8, 16 and 32; which axis is shorter, as
/// there are more places than classes.
enum DetectionLayout: Sendable, Equatable {
  /// [batch, 4 + classes, places]: centre x, y, width, height, then a score for each class.
  /// YOLOv8, v9, 11, 12 and v5u.
  case featuresFirst(classCount: Int)
  /// [batch, places, 5 + classes]: the same with an objectness before the classes, by which their
  /// scores are multiplied. YOLOv5, v6, v7. Without objectness: a transposed export of the former.
  case placesFirst(classCount: Int, hasObjectness: Bool)
  /// [batch, detections, 6]: x1, y1, x2, y2, score, class, already suppressed. YOLOv10 and exports
  /// with suppression inside.
  case endToEnd

  /// What is known when a layout is looked for.
  struct Evidence: Equatable {
    /// Lengths of the two inner axes; `nil` where the model leaves them open.
    var a: Int?
    var b: Int?
    /// Class names that the model or the operator gives.
    var classCount: Int?
    var inputWidth: Int
    var inputHeight: Int

    /// Places of an anchor-free head: one in each cell of three grids.
    var gridCount: Int {
      [8, 16, 32].reduce(0) { $0 + (inputWidth / $1) * (inputHeight / $1) }
    }
  }

  /// Rows that an end-to-end export may have; more are places.
  private static let endToEndRowsMax = 1000

  init?(_ evidence: Evidence) {
    if let named = Self.namedLayout(evidence) {
      self = named
    } else if let gridded = Self.griddedLayout(evidence) {
      self = gridded
    } else if evidence.b == 6, (evidence.a ?? 0) <= Self.endToEndRowsMax {
      self = .endToEnd
    } else if let shorter = Self.shorterLayout(evidence) {
      self = shorter
    } else {
      return nil
    }
  }

  /// Whether the places are as many as a detector of this input size has, which nothing but a
  /// detector has by chance.
  static func isCertain(_ evidence: Evidence) -> Bool {
    griddedLayout(evidence) != nil
  }

  private static func namedLayout(_ evidence: Evidence) -> DetectionLayout? {
    guard let classes = evidence.classCount else { return nil }
    // One class makes 5 + 1 = 6, and two make 4 + 2 = 6: here the other axis decides.
    if evidence.b == 6, evidence.a.map({ $0 <= endToEndRowsMax }) ?? true, classes != 1 {
      return .endToEnd
    }
    if evidence.a == 4 + classes, evidence.b != 5 + classes {
      return .featuresFirst(classCount: classes)
    }
    if evidence.b == 5 + classes, classes != 1, evidence.a != 4 + classes {
      return .placesFirst(classCount: classes, hasObjectness: true)
    }
    if evidence.b == 4 + classes, evidence.a == evidence.gridCount {
      return .placesFirst(classCount: classes, hasObjectness: false)
    }
    return nil
  }

  private static func griddedLayout(_ evidence: Evidence) -> DetectionLayout? {
    if evidence.b == evidence.gridCount, let features = evidence.a, features > 4 {
      return .featuresFirst(classCount: features - 4)
    }
    if evidence.a == evidence.gridCount * 3 || evidence.a == evidence.gridCount,
      let features = evidence.b, features > 5
    {
      return .placesFirst(classCount: features - 5, hasObjectness: true)
    }
    return nil
  }

  private static func shorterLayout(_ evidence: Evidence) -> DetectionLayout? {
    switch (evidence.a, evidence.b) {
    case (let a?, let b?) where a <= b: a > 4 ? .featuresFirst(classCount: a - 4) : nil
    case (_?, let b?): b > 5 ? .placesFirst(classCount: b - 5, hasObjectness: true) : nil
    case (let a?, nil): a > 4 ? .featuresFirst(classCount: a - 4) : nil
    case (nil, let b?): b > 5 ? .placesFirst(classCount: b - 5, hasObjectness: true) : nil
    case (nil, nil): nil
    }
  }
}
