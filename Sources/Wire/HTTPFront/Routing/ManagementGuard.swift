import Inference

/// Who may change what is served: whoever has the key, where there is one, else this machine alone.
enum ManagementGuard {
  /// Why not; `nil` for those who may.
  static func refusal(
    of connection: HTTPConnection, _ shared: FrontShared
  ) -> InferenceFailure? {
    if let key = shared.settings.managementKey {
      return bears(key, connection.head.authorization) ? nil : .unauthenticated
    }
    // What a proxy on this machine passes on may come from anywhere.
    let isHere =
      connection.peer.isLoopback && !connection.peer.isTrusted(by: connection.front)
    return isHere ? nil : .forbidden(.managementFromAfar)
  }

  /// Takes the same time whatever of the key is right.
  private static func bears(_ key: String, _ authorization: String?) -> Bool {
    let scheme = "bearer "
    guard let authorization, authorization.utf8.count >= scheme.utf8.count,
      authorization.prefix(scheme.count).lowercased() == scheme
    else { return false }
    let given = Array(authorization.utf8.dropFirst(scheme.utf8.count))
    let wanted = Array(key.utf8)
    var difference = UInt8(given.count == wanted.count ? 0 : 1)
    for place in wanted.indices {
      difference |= wanted[place] ^ (place < given.count ? given[place] : ~wanted[place])
    }
    return difference == 0
  }
}
