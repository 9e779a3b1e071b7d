import Inference
import Vision
import WireFormats

/// Reads answers that have no datatypes: `{"predictions": ...}`, `{"outputs": ...}`, or what stands for
/// itself, of tensors or of things found in a photo.
enum PredictAnswers {
  /// - Parameter mayBeBare: the document itself may be the answer, as TorchServe has it.
  static func content(of answer: [UInt8], mayBeBare: Bool = false) -> AnswerContent? {
    // What is no JSON is no answer of these protocols.
    guard let document = answer.withUnsafeBytes({ try? JSONValue(parsing: $0) }) else { return nil }
    if let found = PhotoAnswers.content(of: document) { return found }
    if let value = document["predictions"] ?? document["outputs"] { return content(of: value) }
    return mayBeBare ? TorchServeAnswers.content(of: document) ?? content(of: document) : nil
  }

  static func content(of value: JSONValue) -> AnswerContent? {
    if case .array(let rows) = value, case .object? = rows.first {
      if rows.count == 1, let found = PhotoAnswers.content(of: rows[0]) { return found }
      return byRow(rows)
    }
    if case .object(let members) = value {
      let tensors = members.compactMap { NestedNumbers($0.value).tensor($0.key) }
      return tensors.count == members.count ? .tensors(tensors) : nil
    }
    return NestedNumbers(value).tensor("").map { .tensors([$0]) }
  }

  /// An object of outputs for each row.
  private static func byRow(_ rows: [JSONValue]) -> AnswerContent? {
    guard case .object(let members)? = rows.first else { return nil }
    var tensors: [AnswerTensor] = []
    for name in members.map(\.key) {
      let column = rows.compactMap { $0[name] }
      guard column.count == rows.count, let tensor = NestedNumbers(.array(column)).tensor(name)
      else { return nil }
      tensors.append(tensor)
    }
    return .tensors(tensors)
  }
}

/// Reads the documents of `/detect` and `/classify`.
enum PhotoAnswers {
  static func content(of document: JSONValue) -> AnswerContent? {
    if case .array(let elements)? = document["detections"] {
      let found = elements.compactMap(detection)
      return found.count == elements.count ? .boxes(found) : nil
    }
    if case .array(let elements)? = document["classes"] {
      let found = elements.compactMap(classification)
      return found.count == elements.count ? .classes(found) : nil
    }
    return nil
  }

  private static func detection(_ element: JSONValue) -> Detection? {
    guard let found = classification(element), let box = element["box"] else { return nil }
    let sides = ["x1", "y1", "x2", "y2"].compactMap { box[$0]?.double }
    guard sides.count == 4 else { return nil }
    return Detection(
      label: found.label, classID: found.classID, score: found.score, box: Self.box(sides))
  }

  static func box(_ sides: [Double]) -> Box {
    Box(x1: Float(sides[0]), y1: Float(sides[1]), x2: Float(sides[2]), y2: Float(sides[3]))
  }

  private static func classification(_ element: JSONValue) -> Classification? {
    guard case .string(let label)? = element["label"],
      let id = element["class_id"]?.whole.flatMap({ Int(exactly: $0) }),
      let score = element["score"]?.double
    else { return nil }
    return Classification(label: label, classID: id, score: Float(score))
  }
}

/// Reads what TorchServe's own handlers answer: of detections a list of `{label: [x1, y1, x2, y2],
/// "score": s}`, of classes `{label: probability}`.
enum TorchServeAnswers {
  static func content(of document: JSONValue) -> AnswerContent? {
    switch document {
    case .array(let elements):
      let found = elements.compactMap(detection)
      return !found.isEmpty && found.count == elements.count ? .boxes(found) : nil
    case .object(let members):
      let scores = members.compactMap { $0.value.double }
      guard !members.isEmpty, scores.count == members.count else { return nil }
      let found = zip(members, scores).map {
        Classification(label: $0.key, classID: -1, score: Float($1))
      }
      return .classes(found.sorted { $0.score > $1.score })
    default: return nil
    }
  }

  private static func detection(_ element: JSONValue) -> Detection? {
    guard case .object(let members) = element, let score = element["score"]?.double,
      let named = members.first(where: { $0.key != "score" }), case .array(let sides) = named.value
    else { return nil }
    let numbers = sides.compactMap(\.double)
    guard numbers.count == 4, sides.count == 4 else { return nil }
    return Detection(
      label: named.key, classID: -1, score: Float(score), box: PhotoAnswers.box(numbers))
  }
}
