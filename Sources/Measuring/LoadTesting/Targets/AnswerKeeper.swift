package import Serving

/// What a target answered to one sample.
package enum LoadAnswer: Sendable {
  /// The body of a server's answer; over gRPC the message.
  case body([UInt8])
  /// Of a model in this process.
  case tensors(WaitedAnswer)
}

/// Keeps answers of a run, so that what was said is judged beside how fast it was said.
package protocol AnswerKeeper: Sendable {
  /// Whether the next answer to this sample is to be kept. Called before the query is asked, on any
  /// thread; so answers that nobody wants cost nothing.
  func wants(_ sample: Int) -> Bool
  /// Called once for each answer that was wanted and came, on any thread.
  func keep(_ answer: LoadAnswer, of sample: Int)
}
