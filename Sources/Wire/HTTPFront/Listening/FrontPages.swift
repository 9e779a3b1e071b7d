package import Inference
package import WireFormats

/// A page, script, style or picture that the program carries.
package struct FrontPage: Sendable {
  package let contentType: String
  package let bytes: StaticBytes
  /// Quoted, as the `ETag` header writes it.
  package let etag: String

  package init(contentType: String, bytes: StaticBytes, etag: String) {
    self.contentType = contentType
    self.bytes = bytes
    self.etag = etag
  }
}

/// Knows what is at `/` and under `/assets/`. Called on event loops: must not block.
package protocol FrontPages: Sendable {
  func page(atPath path: String) -> FrontPage?
}

/// Writes the metrics in Prometheus text. Called on a worker thread.
package protocol FrontMetrics: Sendable {
  func metricsText() -> [UInt8]
  /// Of one name or of all, of one version of it or of all.
  func statistics(name: String?, version: Int64?) -> [ModelStatistics]
}

/// Loads and unloads models by name, for those who may manage this server. Called on worker threads;
/// a completion is called once, on any thread, with why it was not done.
package protocol FrontRepository: Sendable {
  func load(
    _ name: String, _ request: ModelLoadRequest,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  func unload(
    _ name: String, withDependents: Bool,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void)
  /// Gives versions of a model other names, or takes such names away where the version is `nil`;
  /// blocks for moments.
  func setAliases(_ aliases: [String: Int64?], of name: String) throws(InferenceFailure)
  /// Models that could be loaded and of which nothing is known to the server.
  func restingNames() -> [String]
}
