package import Inference

/// A port whose clients speak one dialect.
package struct PortProfile: Sendable, Equatable {
  package let port: Int
  package let dialect: Dialect
  /// It answers metrics and health alone.
  package let isMetricsOnly: Bool

  static let expectation =
    "a dialect and its port, such as `tensorflow=8501` or `torchserve=8080,8081,8082`"

  /// Dialects that have ports of their own elsewhere.
  private static let dialects: [Dialect] = [
    .kserve, .tensorFlow, .mlflow, .sageMaker, .vertex, .torchServe, .predict, .openInference,
  ]

  /// Reads `torchserve=8080,8081,8082 tensorflow=8501`; `nil` where it is not of this form.
  static func list(_ text: String) -> [PortProfile]? {
    var profiles: [PortProfile] = []
    for piece in text.split(whereSeparator: { $0 == " " || $0 == ";" }) {
      guard let mark = piece.firstIndex(of: "="),
        let dialect = dialects.first(where: { $0.rawValue == piece[..<mark] })
      else { return nil }
      let words = piece[piece.index(after: mark)...].split(
        separator: ",", omittingEmptySubsequences: false)
      let ports = words.compactMap { Int($0) }.filter { 0...65_535 ~= $0 }
      guard ports.count == words.count, !ports.isEmpty,
        ports.count <= (dialect == .torchServe ? 3 : 1)
      else { return nil }
      for (place, port) in ports.enumerated() {
        profiles.append(
          PortProfile(port: port, dialect: dialect, isMetricsOnly: place == 2))
      }
    }
    return profiles
  }
}
