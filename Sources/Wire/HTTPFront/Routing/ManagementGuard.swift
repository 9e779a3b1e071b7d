import FrontSupport
import Inference

/// Who may change what is served: whoever has the key, where there is one, else this machine alone.
enum ManagementGuard {
  /// Why not; `nil` for those who may.
  static func refusal(
    of connection: HTTPConnection, _ shared: FrontShared
  ) -> InferenceFailure? {
    // What a proxy on this machine passes on may come from anywhere.
    let isHere =
      connection.peer.isLoopback && !connection.peer.isTrusted(by: connection.front)
    return ManagementKey(shared.settings.managementKey).refusal(
      authorization: connection.head.authorization, isHere: isHere)
  }
}
