import Inference
import NIOCore

/// Answers the page at `/` and what it loads, with what keeps strangers' scripts out of it.
enum PageAnswer {
  /// Nothing from elsewhere, no frame around it; `blob:` and `data:` are pictures that the page
  /// itself made.
  private static let protection: [(name: String, value: String)] = [
    (
      "Content-Security-Policy",
      "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        + "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-cache"),
  ]

  static func make(for route: Route, _ head: RequestHead, _ shared: FrontShared) -> Answer {
    if route.path == "/", !prefersPage(head.accept) {
      return Answer(status: 200, contentType: Answer.json, bytes: alive.utf8)
    }
    guard let page = shared.pages.page(atPath: route.path) else {
      return FailureAnswer.make(for: .unsupported(.path(route.path)))
    }
    if let known = head.ifNoneMatch, EntityTag.isNamed(page.etag, in: known) {
      var answer = Answer(status: 304)
      answer.headers = protection + [("ETag", page.etag)]
      return answer
    }
    var answer = Answer(status: 200, contentType: nil, bytes: page.bytes.bytes)
    answer.ownContentType = page.contentType
    answer.headers = protection + [("ETag", page.etag)]
    return answer
  }

  /// KServe's word for a server that runs, at the address where browsers find the page.
  private static let alive = "{\"status\":\"alive\"}"

  /// Browsers name the type; other clients say `*/*` or nothing.
  private static func prefersPage(_ accept: String) -> Bool {
    accept.lowercased().split(separator: ",").contains { piece in
      piece.trimmingPrefix { $0 == " " }.prefix { $0 != ";" } == "text/html"
    }
  }
}
