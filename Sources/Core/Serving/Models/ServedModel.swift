import Inference

/// Keeps one version in memory: routes and leases refer to it, and when the last of them lets go,
/// the version drains and its memory is returned.
final class ServedModel: Sendable {
  let core: ModelCore
  private let retire: @Sendable (ModelCore) -> Void

  /// - Parameter retire: called once, on whichever thread lets go last; must not block.
  init(core: ModelCore, retire: @escaping @Sendable (ModelCore) -> Void) {
    self.core = core
    self.retire = retire
  }

  deinit { retire(core) }
}
