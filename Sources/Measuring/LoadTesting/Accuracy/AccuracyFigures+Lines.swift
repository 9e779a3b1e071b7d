import Reports

extension AccuracyFigures {
  /// The facts as a person reads them: a name and a text each, the name empty where a line goes on.
  var facts: [(String, String)] {
    let told = figures.compactMap { figure in
      figure.value.map { "\(figure.name) \(Readable.decimal($0, places: 4))" }
    }
    var facts = [("accuracy", told.joined(separator: ", ") + " over \(samples)")]
    if lateCount > 0 {
      facts.append(("", "\(lateCount) of them were asked after the clock had stopped"))
    }
    if unansweredCount > 0 { facts.append(("", "\(unansweredCount) more have no answer")) }
    for note in notes { facts.append(("", note)) }
    return facts
  }

  private var samples: String { sampleCount == 1 ? "1 sample" : "\(sampleCount) samples" }
}
