/// Where a connection is between two of its requests: which bytes belong to whom, and what follows
/// an answer. One request at a time; the next is taken up when the answer before it has left.
///
/// ```
/// awaitingHead -> receiving -> answering -> awaitingHead
///                     |            |
///                     +-- (refused early) -> discarding -> awaitingHead
///                                     |
///                                     +----> lingering -> closed
/// ```
struct ConnectionState {
  enum Phase: Equatable {
    /// Between requests.
    case awaitingHead
    /// The body is on its way to the request's exchange.
    case receiving
    /// The request has ended, its answer has not left.
    case answering
    /// The answer was given before the body ended; the rest of the body is thrown away. Should the
    /// body end before the answer has left, this becomes `answering`.
    case discarding
    /// The last answer has left and so have we; what still comes is thrown away for a short while,
    /// so that the client can read why before the connection is reset.
    case lingering
    case closed
  }

  /// What becomes of the connection after an answer, or a part of a request.
  enum Next: Equatable {
    case wait
    case takeNextRequest
    case linger
    case close
  }

  private(set) var phase = Phase.awaitingHead
  /// No further request is taken on this connection.
  private(set) var closesAfterAnswer = false
  private var isRequestOpen = false
  private var isAnswerOpen = false
  private var discardableBytes = 0

  /// Whether a new part may be looked at; otherwise it waits in line.
  var takesParts: Bool { phase != .answering && phase != .closed }
  /// Whether reading from the socket makes sense.
  var wantsBytes: Bool { phase != .closed }
  /// Whether the exchange still hears of the body.
  var deliversBody: Bool { phase == .receiving }
  /// Whether a request has been taken up and its answer not begun.
  var owesAnswer: Bool { (phase == .receiving || phase == .answering) && !isAnswerOpen }

  mutating func headTaken(keepsAlive: Bool, discardableBytes: Int) {
    precondition(phase == .awaitingHead, "head taken while \(phase)")
    phase = .receiving
    isRequestOpen = true
    isAnswerOpen = false
    self.discardableBytes = discardableBytes
    closesAfterAnswer = closesAfterAnswer || !keepsAlive
  }

  /// The request's last byte was read.
  mutating func requestEnded() -> Next {
    isRequestOpen = false
    switch phase {
    case .receiving:
      phase = .answering
      return .wait
    case .discarding:
      guard isAnswerOpen else { return finished() }
      // Nothing is left to throw away: what comes now belongs to the next request, and waits.
      phase = .answering
      return .wait
    case .awaitingHead, .answering, .lingering, .closed: return .wait
    }
  }

  /// Some bytes of a refused body came.
  mutating func discarded(_ byteCount: Int) -> Next {
    guard phase == .discarding else { return .wait }
    discardableBytes -= byteCount
    if discardableBytes < 0 { closesAfterAnswer = true }
    return closesAfterAnswer && !isAnswerOpen ? afterLastAnswer() : .wait
  }

  /// What comes is no HTTP: there is no end of this request, and no other after it.
  mutating func requestBroke() -> Next {
    closesAfterAnswer = true
    return phase == .discarding && !isAnswerOpen ? afterLastAnswer() : .wait
  }

  /// The connection ends with the answer that is owed; with none owed, see `isIdle`.
  mutating func closeAfterAnswer() { closesAfterAnswer = true }

  var isIdle: Bool { phase == .awaitingHead }

  /// An answer is about to be written; `bodyBytesLeft` is what the client will still send of its
  /// request, where it said so.
  mutating func answerBegan(bodyBytesLeft: Int?) {
    isAnswerOpen = true
    guard isRequestOpen else {
      phase = .answering
      return
    }
    phase = .discarding
    if let bodyBytesLeft, bodyBytesLeft > discardableBytes { closesAfterAnswer = true }
  }

  /// The answer's last byte has been handed to the system.
  mutating func answerLeft() -> Next {
    isAnswerOpen = false
    if closesAfterAnswer { return afterLastAnswer() }
    return isRequestOpen ? .wait : finished()
  }

  mutating func closed() { phase = .closed }

  private mutating func finished() -> Next {
    if closesAfterAnswer { return afterLastAnswer() }
    phase = .awaitingHead
    return .takeNextRequest
  }

  private mutating func afterLastAnswer() -> Next {
    phase = isRequestOpen ? .lingering : .closed
    return isRequestOpen ? .linger : .close
  }
}
