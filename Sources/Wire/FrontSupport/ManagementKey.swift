package import Inference
import WireFormats

/// Who may change what is served: whoever has the key, where there is one, else this machine alone.
package struct ManagementKey: Sendable {
  private let key: Secret?

  package init(_ key: String?) { self.key = key.map { Secret($0) } }

  /// Why not; `nil` for those who may.
  ///
  /// - Parameters:
  ///   - authorization: what came as `Authorization`.
  ///   - isHere: the request comes from this machine, and not through a proxy on it.
  package func refusal(authorization: String?, isHere: Bool) -> InferenceFailure? {
    if let key { return Self.bears(key, authorization) ? nil : .unauthenticated }
    return isHere ? nil : .forbidden(.managementFromAfar)
  }

  private static func bears(_ key: Secret, _ authorization: String?) -> Bool {
    let scheme = "bearer "
    guard let authorization, authorization.utf8.count >= scheme.utf8.count,
      authorization.prefix(scheme.count).lowercased() == scheme
    else { return false }
    return key.isEqual(to: authorization.utf8.dropFirst(scheme.utf8.count))
  }
}
