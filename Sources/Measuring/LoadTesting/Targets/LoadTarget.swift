/// What is measured: a model, or a server that has one.
package protocol LoadTarget: Sendable {
  /// Different inputs that it can be asked.
  var sampleCount: Int { get }
  /// No other process of this machine is at work for it: what others use then disturbs it.
  var isAlone: Bool { get }
  /// What a caller needs for itself, a connection for instance. Blocks; called on the caller's thread.
  func makeCaller() throws(CallProblem) -> any LoadCaller
}

extension LoadTarget {
  // Whoever does not know it does not say so.
  package var isAlone: Bool { false }
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
