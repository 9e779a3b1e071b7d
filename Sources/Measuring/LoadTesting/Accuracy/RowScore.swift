/// How well answers to rows of a table agree with its column of labels.
///
/// What a model answers decides what is asked of it: classes, or a score for each of them, are right or
/// wrong; numbers are near or far. One number from 0 to 1 for each row, where the labels are 0 and 1, is
/// how likely 1 is.
struct RowScore {
  /// What is right for each row, as it is written.
  private let truths: [String]
  /// Classes in the order of their scores; those of the model, or as scikit-learn orders labels.
  private let classes: [String]
  private let answers: Answers

  /// Answers to all rows, an element for each.
  struct Answers {
    /// What the model says is the class.
    var labels: [String] = []
    var scores: [[Double]] = []
    var values: [Double] = []
  }

  /// - Parameters:
  ///   - truths: one for each row of `answers`, at least one.
  ///   - names: what the model calls its classes; empty where it does not say.
  init(truths: [String], answers: Answers, names: [String]) {
    self.truths = truths
    self.answers = answers
    let width = answers.scores.first?.count ?? 0
    classes = Self.classes(truths, names: names, width: width)
  }

  private static func classes(_ truths: [String], names: [String], width: Int) -> [String] {
    if !names.isEmpty, width == 0 || names.count == width { return names }
    let distinct = Set(truths)
    let integers = distinct.compactMap { LabelText.integer($0) }
    if integers.count == distinct.count, width > 0, integers.allSatisfy((0..<width).contains) {
      return (0..<width).map(String.init)
    }
    let isNumeric = distinct.allSatisfy { Double($0) != nil }
    return distinct.sorted { left, right in
      if isNumeric, let left = Double(left), let right = Double(right) { return left < right }
      return left < right
    }
  }

  func figures() throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    if answers.scores.count == truths.count { return try scored() }
    if hasLabels { return [.init("accuracy", labelled(answers.labels))] }
    if answers.values.count == truths.count { return try valued() }
    throw AccuracyProblem("the answers are of different kinds: numbers, classes and scores of them")
  }

  /// Where a protocol has no datatypes, only some numbers of a column may look whole.
  private var hasLabels: Bool { answers.labels.count == truths.count }

  // MARK: Classes

  private func labelled(_ labels: [String]) -> Double {
    let right = zip(labels, truths).count { label, truth in
      LabelText.isSame(label, truth)
        || LabelText.integer(label).map { classes.indices.contains($0) ? classes[$0] : "" }
          .map { LabelText.isSame($0, truth) && Double(truth) == nil } == true
    }
    return Double(right) / Double(truths.count)
  }

  private func scored() throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    let width = answers.scores.first?.count ?? 0
    guard classes.count == width else {
      throw AccuracyProblem(
        "the model scores \(width) classes, and the labels are of \(classes.count); give its names "
          + "with --labels, or labels that are integers from 0")
    }
    var indices: [Int] = []
    for truth in truths {
      let place = classes.firstIndex { LabelText.isSame($0, truth) } ?? LabelText.integer(truth)
      guard let place, classes.indices.contains(place) else {
        throw AccuracyProblem(
          "the label `\(truth)` is none of the model's classes: "
            + classes.prefix(10).joined(separator: ", "))
      }
      indices.append(place)
    }
    let likeliest = answers.scores.map { scores in
      scores.indices.max { scores[$0] < scores[$1] } ?? 0
    }
    let right = zip(likeliest, indices).count { $0 == $1 }
    let accuracy =
      hasLabels ? labelled(answers.labels) : Double(right) / Double(truths.count)
    return [.init("accuracy", accuracy), .init("auc", area(indices))]
      + [.init("log_loss", logLoss(indices))].filter { $0.value != nil }
  }

  /// Of two classes that of the second; of more the mean of each against the rest.
  private func area(_ truths: [Int]) -> Double? {
    func area(of place: Int) -> Double? {
      BinaryCurve.area(
        scores: answers.scores.map { $0[place] }, isTrue: truths.map { $0 == place })
    }
    if classes.count == 2 { return area(of: 1) }
    let areas = classes.indices.map(area)
    return areas.contains(nil) ? nil : areas.compactMap { $0 }.reduce(0, +) / Double(areas.count)
  }

  /// `nil` where the scores are no probabilities.
  private func logLoss(_ truths: [Int]) -> Double? {
    guard
      answers.scores.allSatisfy({ scores in
        scores.allSatisfy { (0...1).contains($0) }
          && ((scores.reduce(0, +)) - 1).magnitude < 0.001
      })
    else { return nil }
    return Logarithms.meanLoss(zip(answers.scores, truths).map { $0[$1] })
  }

  // MARK: Numbers

  private func valued() throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    let numbers = truths.compactMap { Double($0) }
    guard numbers.count == truths.count else {
      let odd = truths.first { Double($0) == nil } ?? ""
      throw AccuracyProblem("the model answers with numbers, and the label `\(odd)` is none")
    }
    let isBinary = numbers.allSatisfy { $0 == 0 || $0 == 1 }
    if isBinary, answers.values.allSatisfy({ (0...1).contains($0) }) { return binary(numbers) }
    // Classes that are written as numbers with a fraction, as XGBoost does.
    let areWhole = (numbers + answers.values).allSatisfy { $0 == $0.rounded() }
    if areWhole { return [.init("accuracy", labelled(answers.values.map(LabelText.of)))] }
    let squares = zip(numbers, answers.values).map { ($0 - $1) * ($0 - $1) }
    let mean = numbers.reduce(0, +) / Double(numbers.count)
    let spread = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let sum = squares.reduce(0, +)
    return [
      .init("rmse", (sum / Double(numbers.count)).squareRoot()),
      .init("r2", spread > 0 ? 1 - sum / spread : nil),
    ]
  }

  private func binary(_ numbers: [Double]) -> [AccuracyFigures.Figure] {
    let isTrue = numbers.map { $0 == 1 }
    let right = zip(answers.values, isTrue).count { ($0 > 0.5) == $1 }
    let likelihoods = zip(answers.values, isTrue).map { $1 ? $0 : 1 - $0 }
    return [
      .init("accuracy", Double(right) / Double(numbers.count)),
      .init("auc", BinaryCurve.area(scores: answers.values, isTrue: isTrue)),
      .init("log_loss", Logarithms.meanLoss(likelihoods)),
    ]
  }
}

/// Labels as they are written: `1`, `1.0` and `+1` are one label.
enum LabelText {
  static func isSame(_ left: String, _ right: String) -> Bool {
    if left == right { return true }
    guard let left = Double(left), let right = Double(right) else { return false }
    return left == right
  }

  static func integer(_ text: String) -> Int? {
    Int(text) ?? Double(text).flatMap(Int.init(exactly:))
  }

  static func of(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }
}
