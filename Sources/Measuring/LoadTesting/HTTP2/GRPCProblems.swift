import Reports
import WireFormats

/// Why a call over gRPC has no answer. Kinds are a closed set: `grpc_unavailable` and the other codes
/// of gRPC by their names, `status_503` where a server answered with HTTP alone, `stream_reset`,
/// `going_away`, `not_grpc` and `not_http2`.
enum GRPCProblems {
  /// Bytes of what a server says that are shown, at most.
  private static let wordsMax = 200

  static func status(_ number: Int, message: String) -> CallProblem {
    let status = GRPCStatus(rawValue: number) ?? .unknown
    let name = GRPCStatus(rawValue: number)?.name ?? "a status that gRPC does not have"
    let words = message.isEmpty ? "" : ": \(TextTable.harmless(String(message.prefix(wordsMax))))"
    return CallProblem(
      kind: "grpc_\(status.name.lowercased())", text: "the server answered with \(name)\(words)")
  }

  static func http(_ status: Int) -> CallProblem {
    CallProblem(
      kind: "status_\(status)",
      text: "the server answered with HTTP status \(status) and without gRPC's")
  }

  static func notGRPC(_ fact: String) -> CallProblem {
    CallProblem(kind: "not_grpc", text: "this is no gRPC: \(fact)")
  }

  static func notHTTP2(_ fact: String) -> CallProblem {
    CallProblem(kind: "not_http2", text: "this is no HTTP/2: \(fact)")
  }

  static func reset(_ code: UInt32) -> CallProblem {
    CallProblem(
      kind: "stream_reset",
      text: "the server broke the call off with \(HTTP2Frame.ErrorCode.name(of: code))")
  }

  static func goingAway(_ code: UInt32) -> CallProblem {
    CallProblem(
      kind: "going_away",
      text: "the server ends the connection (\(HTTP2Frame.ErrorCode.name(of: code))) and has not "
        + "taken the call")
  }
}
