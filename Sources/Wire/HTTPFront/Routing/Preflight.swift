import NIOCore

/// Answers `OPTIONS`: what may be done here, and to a browser that asks before it calls, whether it
/// may. The guard has already refused origins that may not; without CORS the browser then finds no
/// permission in the answer.
enum Preflight {
  static func answer(to head: RequestHead, route: Route?, settings: HTTPFrontSettings) -> Answer {
    let methods = route?.endpoint.methods ?? ["GET", "HEAD", "POST", "OPTIONS"]
    var answer = Answer(status: 204)
    answer.headers.append(("Allow", methods.joined(separator: ", ")))
    if head.corsMethod != nil && head.origin != nil && !settings.corsOrigins.isEmpty {
      answer.headers += [
        ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
        (
          "Access-Control-Allow-Headers",
          "Content-Type, Content-Encoding, Inference-Header-Content-Length, X-Request-Id, Traceparent, "
            + "X-Apus-Dialect"
        ),
        ("Access-Control-Max-Age", "600"),
      ]
    }
    return answer
  }
}
