import Inference
import NIOHTTP1

/// What to say to bytes that the parser refused.
enum UnreadableRequest {
  static func failure(
    for problem: HTTPParserError, limits: HTTPLimits
  ) -> (failure: InferenceFailure, status: Int?) {
    switch problem {
    case .headerOverflow: (.tooLarge(.header(bytesMax: limits.headerBytesMax)), 431)
    case .invalidVersion: (framing("the HTTP version is not 1.0 or 1.1"), 505)
    case .unexpectedContentLength, .invalidContentLength:
      (framing("Content-Length is no number, given twice, or beside Transfer-Encoding"), nil)
    case .invalidChunkSize: (framing("a chunk of the body has no valid size"), nil)
    case .invalidMethod: (framing("the method is unknown"), nil)
    case .invalidEOFState: (framing("the connection ended inside a request"), nil)
    default: (framing("this is not HTTP/1.1"), nil)
    }
  }

  private static func framing(_ text: String) -> InferenceFailure {
    .invalidInput(.framing(text))
  }
}
