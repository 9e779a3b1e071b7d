package import Inference

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
