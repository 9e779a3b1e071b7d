import FrontSupport

/// Reads `Accept-Encoding`: what the client would like the answer packed as.
enum AcceptedCoding {
  /// The coding of the highest weight that we do, gzip before deflate; `nil` to leave the answer
  /// as it is (RFC 9110, 12.5.3).
  static func choice(from text: String) -> ContentCoding? {
    var weights: [String: Double] = [:]
    for piece in text.split(separator: ",") {
      let fields = piece.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
      guard let name = fields.first else { continue }
      let weight = fields.dropFirst().first { $0.hasPrefix("q=") }
      weights[name] = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
    }
    let others = weights["*"] ?? 0
    let gzip = weights["gzip"] ?? weights["x-gzip"] ?? others
    let deflate = weights["deflate"] ?? others
    guard max(gzip, deflate) > 0, max(gzip, deflate) >= weights["identity"] ?? 0 else { return nil }
    return gzip >= deflate ? .gzip : .deflate
  }
}
