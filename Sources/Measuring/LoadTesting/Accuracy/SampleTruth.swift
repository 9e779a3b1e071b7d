import Inference
import Vision

/// What is right for each sample of a set.
package enum SampleTruth: Sendable {
  /// Boxes that people drew; the set's samples are the photos in their order.
  case boxes(CocoSet)
  /// For each sample the label of each of its rows: of a photo one.
  case labels([[String]])

  /// Judges answers.
  ///
  /// - Parameters:
  ///   - answers: one for each sample of the set; `nil` where there is none.
  ///   - names: what the model calls its classes; empty where that is not known.
  package func figures(
    for answers: [AnswerContent?], names: [String]
  ) throws(AccuracyProblem) -> AccuracyFigures {
    let count = answers.count { $0 != nil }
    guard count > 0 else { throw AccuracyProblem("no sample has an answer") }
    let figures: [AccuracyFigures.Figure]
    switch self {
    case .boxes(let set): figures = try BoxJudge(set, names: names).figures(for: answers)
    case .labels(let labels):
      figures = try LabelJudge(labels, names: names).figures(for: answers)
    }
    var result = AccuracyFigures(figures, sampleCount: count)
    result.unansweredCount = answers.count - count
    return result
  }
}

/// Judges boxes that were found in the photos of a COCO set.
private struct BoxJudge {
  private let set: CocoSet
  private let categories: [String: Int64]

  init(_ set: CocoSet, names: [String]) {
    self.set = set
    categories = Dictionary(
      set.categories.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
  }

  func figures(for answers: [AnswerContent?]) throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    var pairs: [Int64: [CocoScore.Pair]] = [:]
    var foundCount = 0
    var knownCount = 0
    for (photo, answer) in zip(set.photos, answers) {
      guard let answer else { continue }
      guard case .boxes(let found) = answer else {
        throw AccuracyProblem(
          "the answers are no boxes; ask a detector, over HTTP at /v2/models/NAME/detect")
      }
      var byCategory = photo.truths.mapValues { CocoScore.Pair(truths: $0) }
      foundCount += found.count
      for each in found {
        guard let category = category(of: each) else { continue }
        knownCount += 1
        byCategory[category, default: CocoScore.Pair()].found.append(each.forCoco)
      }
      for (category, pair) in byCategory { pairs[category, default: []].append(pair) }
    }
    guard foundCount == 0 || knownCount > 0 else {
      throw AccuracyProblem(
        "no class that was found is a category of the annotations; name the model's classes as "
          + "those are named, with --labels")
    }
    let classes = set.categories.map { pairs[$0.id] ?? [] }
    return Self.figures(classes)
  }

  private static func figures(_ classes: [[CocoScore.Pair]]) -> [AccuracyFigures.Figure] {
    let all = CocoScore(classes, size: .all)
    return [
      .init("map", all.mean), .init("map50", all.mean(at: 0)), .init("map75", all.mean(at: 5)),
      .init("map_small", CocoScore(classes, size: .small).mean),
      .init("map_medium", CocoScore(classes, size: .medium).mean),
      .init("map_large", CocoScore(classes, size: .large).mean),
    ]
  }

  /// By its name; of a class without one by its number, in the order of the categories.
  private func category(of found: Detection) -> Int64? {
    if let category = categories[found.label] { return category }
    let isNamed = !found.label.isEmpty && found.label != "class \(found.classID)"
    guard !isNamed, set.categories.indices.contains(found.classID) else { return nil }
    return set.categories[found.classID].id
  }
}

extension Detection {
  fileprivate var forCoco: CocoScore.Found {
    let (x, y) = (Double(box.x1), Double(box.y1))
    return CocoScore.Found(
      box: CocoBox(x: x, y: y, width: Double(box.x2) - x, height: Double(box.y2) - y),
      score: Double(score))
  }
}

/// Judges classes and numbers against labels.
private struct LabelJudge {
  private let labels: [[String]]
  private let names: [String]

  init(_ labels: [[String]], names: [String]) {
    self.labels = labels
    self.names = names
  }

  func figures(for answers: [AnswerContent?]) throws(AccuracyProblem) -> [AccuracyFigures.Figure] {
    var top = TopScore()
    var topCount = 0
    var truths: [String] = []
    var rows = RowScore.Answers()
    for (labels, answer) in zip(labels, answers) {
      switch answer {
      case nil: continue
      case .classes(let found):
        topCount += 1
        top.add(found, truth: labels.first ?? "")
      case .tensors(let outputs):
        truths += labels
        try rows.add(outputs, rowCount: labels.count)
      case .boxes, .bytes:
        throw AccuracyProblem("the answers are neither classes nor numbers, and the labels are")
      }
    }
    if topCount > 0 { return try top.figures() }
    return try RowScore(truths: truths, answers: rows, names: names).figures()
  }
}

extension RowScore.Answers {
  /// Adds the answers to the rows of one sample.
  mutating func add(_ outputs: [AnswerTensor], rowCount: Int) throws(AccuracyProblem) {
    let matrix =
      outputs.first { $0.isMatrix(rowCount: rowCount) && !$0.isInteger }
      ?? outputs.first { $0.isMatrix(rowCount: rowCount) }
    let label = outputs.first {
      $0.isColumn(rowCount: rowCount) && ($0.isInteger || !$0.texts.isEmpty)
    }
    if let matrix {
      let width = matrix.numbers.count / rowCount
      guard scores.isEmpty || scores[0].count == width else {
        throw AccuracyProblem("the model scored \(scores[0].count) classes, then \(width)")
      }
      scores += (0..<rowCount).map { Array(matrix.numbers[$0 * width..<($0 + 1) * width]) }
    }
    if let label {
      labels += label.texts.isEmpty ? label.numbers.map(LabelText.of) : label.texts
      // Numbers that happen to be whole are numbers, too, should others not be.
      if matrix == nil, label.texts.isEmpty { values += label.numbers }
    } else if matrix == nil {
      guard let column = outputs.first(where: { $0.isColumn(rowCount: rowCount) }) else {
        let shapes = outputs.map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
        throw AccuracyProblem("no output has one answer for each row: \(shapes)")
      }
      values += column.numbers
    }
  }
}
