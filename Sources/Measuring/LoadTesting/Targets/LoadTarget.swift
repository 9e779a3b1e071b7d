/// What is measured: a model, or a server that has one.
package protocol LoadTarget: Sendable {
  /// Different inputs that it can be asked.
  var sampleCount: Int { get }
  /// Who is at work for it on this machine.
  var host: TargetHost { get }

  /// What a caller needs for itself, a connection for instance. Blocks; called on the caller's thread.
  ///
  /// - Parameter answers: gets the answers that it wants.
  func makeCaller(answers: (any AnswerKeeper)?) throws(CallProblem) -> any LoadCaller

  /// Starts threads that ask what a run is to ask; returns at once. Its callers, on a thread each, unless
  /// the target knows better.
  func drive(_ load: RunningLoad)
}

extension LoadTarget {
  package func drive(_ load: RunningLoad) {
    let callers = CallerThreads(load, self)
    load.startDriver("bench:callers") { callers.run() }
  }
}

extension LoadTarget {
  // Whoever does not know it does not say so.
  package var host: TargetHost { .unseen }
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
