/// What is measured: a model, or a server that has one.
package protocol LoadTarget: Sendable {
  /// Different inputs that it can be asked.
  var sampleCount: Int { get }
  /// What a caller needs for itself, a connection for instance. Blocks; called on the caller's thread.
  ///
  /// - Parameter answers: gets the answers that it wants.
  func makeCaller(answers: (any AnswerKeeper)?) throws(CallProblem) -> any LoadCaller
}

/// Somebody who asks, on one thread, one query at a time.
package protocol LoadCaller {
  /// Asks all samples at once and blocks until each has its answer. After a problem it may be asked
  /// again.
  func ask(_ samples: [Int]) throws(CallProblem)
}

/// Why a query has no answer.
package struct CallProblem: Error, Sendable, Equatable {
  /// Of a closed set: `status_503`, `connection_closed`, ...
  package let kind: String
  /// One sentence, for people.
  package let text: String

  package init(kind: String, text: String) {
    self.kind = kind
    self.text = text
  }
}
