import Vision

/// How often the right class is the likeliest, and one of the five likeliest.
struct TopScore {
  private var firstCount = 0
  private var fiveCount = 0
  private var count = 0
  private var wasKnown = false

  /// - Parameter found: the likeliest first.
  mutating func add(_ found: [Classification], truth: String) {
    count += 1
    let place = found.prefix(5).firstIndex { Self.names($0, truth) }
    if place == 0 { firstCount += 1 }
    if place != nil { fiveCount += 1 }
    // A number is one by itself.
    wasKnown = wasKnown || place != nil || LabelText.integer(truth) != nil
  }

  /// A label may be the class's whole name, one of several that a model has for it, its number, or,
  /// with the names of ImageNet's files, the first word.
  private static func names(_ found: Classification, _ truth: String) -> Bool {
    if let number = LabelText.integer(truth) {
      return number == found.classID || found.label == truth
    }
    let truth = truth.lowercased()
    let label = found.label.lowercased()
    if label == truth || label.split(separator: " ").first.map(String.init) == truth { return true }
    return label.split(separator: ",").contains { $0.drop { $0 == " " } == truth }
  }

  func figures() throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    guard wasKnown else {
      throw AccuracyProblem(
        "no label of the set names a class that was answered; labels are names or numbers of the "
          + "model's classes")
    }
    return [
      .init("top1", Double(firstCount) / Double(count)),
      .init("top5", Double(fiveCount) / Double(count)),
    ]
  }
}
