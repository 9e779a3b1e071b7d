import Inference
import NIOCore
import Vision
import WireFormats

/// What a client wants to know of a photo, read from path, query, header and body.
struct VisionWish: Sendable {
  /// `nil` for a classification.
  private(set) var detection: DetectionParameters?
  /// `nil` for a detection.
  private(set) var classification: ClassificationParameters?
  /// The client would rather see the photo with its boxes than read about them.
  let wantsPhoto: Bool

  /// Reads what the head says; throws where a parameter is unknown or out of range.
  init(_ endpoint: Endpoint, query: String, accept: String) throws(InputProblem) {
    if case .classify = endpoint {
      classification = ClassificationParameters()
      wantsPhoto = false
    } else {
      detection = DetectionParameters()
      wantsPhoto = Self.prefersPhoto(accept)
    }
    guard let pairs = PercentEncoding.pairs(in: query) else {
      throw .parameter("query", expected: "percent-encoded UTF-8", got: query)
    }
    for (name, value) in pairs {
      try set(Parameter(name: name, value: .string(value)))
    }
  }

  var kind: VisionTask.Kind { detection == nil ? .classify : .detect }

  /// What the body says wins over the query.
  mutating func set(_ parameter: Parameter) throws(InputProblem) {
    try detection?.set(parameter)
    try classification?.set(parameter)
  }

  /// Whether `image/jpeg` is named and JSON is not; browsers' `*/*` and `image/*` do not count.
  private static func prefersPhoto(_ accept: String) -> Bool {
    let types = accept.lowercased().split(separator: ",").map { piece in
      piece.prefix { $0 != ";" }.filter { $0 != " " }
    }
    return types.contains("image/jpeg") && !types.contains("application/json")
  }
}
