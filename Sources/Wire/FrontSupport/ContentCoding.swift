/// How a body is packed.
package enum ContentCoding: Equatable, Sendable {
  case identity, gzip, deflate
  case unknown(String)

  /// One more coding on top of `before`; more than one real coding is not done here.
  package init(_ text: String, after before: ContentCoding) {
    switch (before, text.lowercased()) {
    case (_, "identity"), (_, ""): self = before
    case (.identity, "gzip"), (.identity, "x-gzip"): self = .gzip
    case (.identity, "deflate"): self = .deflate
    default: self = .unknown(text)
    }
  }

  package var name: String {
    switch self {
    case .identity: "identity"
    case .gzip: "gzip"
    case .deflate: "deflate"
    case .unknown(let name): name
    }
  }
}
