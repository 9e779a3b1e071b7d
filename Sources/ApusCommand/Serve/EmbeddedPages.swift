import Console
import HTTPFront
import Inference

/// Shows the front where the console's pages are.
struct EmbeddedPages: FrontPages {
  func page(atPath path: String) -> FrontPage? {
    ConsolePages.asset(atPath: path).map {
      FrontPage(contentType: $0.contentType, bytes: StaticBytes($0.bytes), etag: $0.etag)
    }
  }
}
