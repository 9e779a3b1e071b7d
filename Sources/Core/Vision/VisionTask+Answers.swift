import Glibc
import Imaging
package import Inference

extension VisionTask {
  /// What the model found, the highest score first, boxes in pixels of the original photo, cut at
  /// its edges.
  package func detections(
    in outputs: [NamedTensor], of photo: PreparedPhoto, parameters: DetectionParameters
  ) throws(InferenceFailure) -> [Detection] {
    try require(.detect)
    let output = try answer(in: outputs)
    let shape = output.shape
    guard shape.rank == 3 || shape.rank == 2, shape.elementCount ?? 0 > 0 || isEmpty(shape) else {
      throw Self.unfit("a detector's output has three axes, this one is \(shape)")
    }
    if isEmpty(shape) { return [] }
    let (rows, columns) = (shape[shape.rank - 2], shape[shape.rank - 1])
    guard let layout = layout(rows: rows, columns: columns) else {
      throw Self.unfit("\(shape) is the output of no known detector")
    }
    let candidates = output.withElements { elements in
      CandidateSearch(
        elements: elements, rowCount: rows, columnCount: columns,
        confidence: parameters.confidence, isMultiLabel: parameters.isMultiLabel
      ).candidates(layout)
    }
    let kept =
      layout == .endToEnd
      ? Suppression.sorted(candidates, countMax: parameters.detectionsMax)
      : Suppression.kept(candidates, iou: parameters.iou, countMax: parameters.detectionsMax)
    return kept.compactMap { detection($0, letterbox: photo.letterbox) }
  }

  /// The most likely classes, the likeliest first.
  package func classes(
    in outputs: [NamedTensor], top: Int
  ) throws(InferenceFailure) -> [Classification] {
    try require(.classify)
    let output = try answer(in: outputs)
    let rows = output.shape.rank > 1 ? output.shape[0] : 1
    guard rows > 0, let count = output.shape.elementCount, count > 0 else {
      throw Self.unfit(
        "a classifier's output has a score for each class, this one is \(output.shape)")
    }
    let scores = output.withElements { Self.probabilities(Array($0.prefix(count / rows))) }
    let order = scores.indices.sorted {
      scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1
    }
    return order.prefix(top).map {
      Classification(label: label(of: $0), classID: $0, score: scores[$0])
    }
  }

  private func isEmpty(_ shape: TensorShape) -> Bool {
    shape.rank > 0 && shape.elementCount == 0
  }

  /// How an output of these axes is read; decided by what it really measures, since a model may
  /// leave the axes open.
  private func layout(rows: Int, columns: Int) -> DetectionLayout? {
    DetectionLayout(
      DetectionLayout.Evidence(
        a: rows, b: columns, classCount: labels.isEmpty ? nil : labels.count,
        inputWidth: input?.form.width ?? 0, inputHeight: input?.form.height ?? 0))
  }

  private func detection(_ candidate: Candidate, letterbox: Letterbox) -> Detection? {
    let box = candidate.box
    let upper = letterbox.original(x: box.x1, y: box.y1)
    let lower = letterbox.original(x: box.x2, y: box.y2)
    // A broken model may give no numbers; a box of them cannot be drawn or written as JSON.
    guard upper.x.isFinite, upper.y.isFinite, lower.x.isFinite, lower.y.isFinite,
      candidate.score.isFinite
    else { return nil }
    let width = Float(letterbox.width)
    let height = Float(letterbox.height)
    return Detection(
      label: label(of: candidate.classID), classID: candidate.classID, score: candidate.score,
      box: Box(
        x1: min(max(upper.x, 0), width), y1: min(max(upper.y, 0), height),
        x2: min(max(lower.x, 0), width), y2: min(max(lower.y, 0), height)))
  }

  /// The scores themselves where they are probabilities, else their softmax. NaN counts as 0.
  private static func probabilities(_ raw: [Float]) -> [Float] {
    let scores = raw.map { $0.isNaN ? -Float.infinity : $0 }
    let sum = scores.reduce(0, +)
    if abs(sum - 1) < 0.01, scores.allSatisfy({ $0 >= 0 && $0 <= 1.001 }) { return scores }
    guard let highest = scores.max(), highest.isFinite else {
      return scores.map { $0 == .infinity ? 1 : 0 }
    }
    let powers = scores.map { expf($0 - highest) }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }
}
