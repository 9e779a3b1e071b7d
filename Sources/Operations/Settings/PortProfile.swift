package import Inference

/// A port whose clients speak one dialect.
package struct PortProfile: Sendable, Equatable {
  package let port: Int
  package let dialect: Dialect
  /// It answers metrics and health alone.
  package let isMetricsOnly: Bool
  /// Its clients speak gRPC.
  package let isGRPC: Bool

  static let expectation =
    "a dialect and its port, such as `tensorflow=8501`, `torchserve=8080,8081,8082` or "
    + "`torchserve-grpc=7070,7071`"

  /// Dialects that have ports of their own elsewhere.
  private static let dialects: [Dialect] = [
    .kserve, .tensorFlow, .mlflow, .sageMaker, .vertex, .torchServe, .predict, .openInference,
  ]

  /// Dialects whose services have ports of their own elsewhere, and how many.
  private static let grpcPortCounts: [Dialect: Int] = [.tensorFlow: 1, .torchServe: 2]
  private static let grpcSuffix = "-grpc"

  /// Reads `torchserve=8080,8081,8082 tensorflow-grpc=8500`; `nil` where it is not of this form.
  static func list(_ text: String) -> [PortProfile]? {
    var profiles: [PortProfile] = []
    for piece in text.split(whereSeparator: { $0 == " " || $0 == ";" }) {
      guard let mark = piece.firstIndex(of: "=") else { return nil }
      let isGRPC = piece[..<mark].hasSuffix(grpcSuffix)
      let name = isGRPC ? piece[..<mark].dropLast(grpcSuffix.count) : piece[..<mark]
      guard let dialect = dialects.first(where: { $0.rawValue == name }) else { return nil }
      let words = piece[piece.index(after: mark)...].split(
        separator: ",", omittingEmptySubsequences: false)
      let ports = words.compactMap { Int($0) }.filter { 0...65_535 ~= $0 }
      let countMax = isGRPC ? grpcPortCounts[dialect] ?? 0 : dialect == .torchServe ? 3 : 1
      guard ports.count == words.count, !ports.isEmpty, ports.count <= countMax else { return nil }
      for (place, port) in ports.enumerated() {
        profiles.append(
          PortProfile(
            port: port, dialect: dialect, isMetricsOnly: place == 2 && !isGRPC, isGRPC: isGRPC))
      }
    }
    return profiles
  }
}
