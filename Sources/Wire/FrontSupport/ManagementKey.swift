package import Inference

/// Who may change what is served: whoever has the key, where there is one, else this machine alone.
package struct ManagementKey: Sendable {
  private let key: String?

  package init(_ key: String?) { self.key = key }

  /// Why not; `nil` for those who may.
  ///
  /// - Parameters:
  ///   - authorization: what came as `Authorization`.
  ///   - isHere: the request comes from this machine, and not through a proxy on it.
  package func refusal(authorization: String?, isHere: Bool) -> InferenceFailure? {
    if let key { return Self.bears(key, authorization) ? nil : .unauthenticated }
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
