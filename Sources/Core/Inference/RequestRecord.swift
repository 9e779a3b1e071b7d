/// What became of a request, for metrics, logs and traces.
package struct RequestRecord: Sendable {
  /// The closed set of ends that metrics count.
  package enum Outcome: String, Sendable, Hashable, CaseIterable {
    case success
    /// The client's fault: bad input, unknown model.
    case invalid
    /// Refused to protect the server: queue, bytes, quota, draining.
    case rejected
    case cancelled
    case deadlineExceeded = "deadline_exceeded"
    /// Ours or the model's fault.
    case failed
  }

  package var context: RequestContext
  /// What was asked for, as the dialect writes it, for logs: `POST /v2/models/m/infer`. Never a label.
  package var operation: String
  /// The dialect's own status of the answer; 0 where it has none or none was sent.
  package var statusCode: Int
  /// Whether a model was asked to compute; false for health, metadata, pages.
  package var isInference: Bool
  /// What the client calls itself, for logs.
  package var clientName: String?
  /// Empty where the request named no model we know: names from outside never become labels.
  package var model: String
  package var outcome: Outcome
  /// What was answered, for logs; `nil` on success.
  package var failure: InferenceFailure?
  package var served: ServedPhases
  /// The last byte of the request was read.
  package var bodyRead: Instant
  /// The request was decoded.
  package var decoded: Instant
  /// The answer was encoded.
  package var encoded: Instant
  /// The last byte of the answer was handed to the system.
  package var written: Instant
  package var requestByteCount: Int
  package var responseByteCount: Int
  /// Set at admission where the observer wants them.
  package var traced: TracedTensors?

  package init(context: RequestContext, model: String) {
    self.context = context
    self.operation = ""
    self.statusCode = 0
    self.isInference = true
    self.model = model
    self.outcome = .success
    self.served = ServedPhases()
    self.bodyRead = .never
    self.decoded = .never
    self.encoded = .never
    self.written = .never
    self.requestByteCount = 0
    self.responseByteCount = 0
  }
}

extension InferenceFailure {
  /// Which of the counted ends this is.
  package var outcome: RequestRecord.Outcome {
    switch self {
    case .modelNotFound, .modelRefused, .invalidInput, .tooLarge, .unauthenticated, .forbidden,
      .unsupported,
      .alreadyExists, .clientTooSlow:
      .invalid
    case .modelNotReady, .overloaded, .quotaExceeded, .draining: .rejected
    case .cancelled: .cancelled
    case .deadlineExceeded: .deadlineExceeded
    case .upstreamFailed, .runtimeFailed, .internalFault: .failed
    }
  }
}

/// What happens to models and queues; past tense.
package enum InferenceEvent: Sendable {
  case modelStateChanged(name: String, version: Int64, state: ModelState)
  case modelLoaded(name: String, version: Int64, footprintByteCount: Int, instanceCount: Int)
  case queueDepthChanged(name: String, version: Int64, depth: Int)
  /// A run of so many rows has ended, well or not, after that time.
  case batchRan(name: String, version: Int64, rows: Int, nanoseconds: UInt64)
  /// A run has lasted longer than its bound and was told to stop.
  case runExceededBound(name: String, version: Int64)
  /// A run was over its bound and would not stop; its thread was given up.
  case modelThreadAbandoned(name: String, version: Int64)
}

/// Hears what happens. Called on the request path: must be quick and must not block.
package protocol EventObserver: Sendable {
  func happened(_ event: InferenceEvent)
  /// Once for each request, when its answer has left or has been given up.
  func finished(_ record: RequestRecord)
  /// Whether the tensors of requests to a model are to be kept until they are finished.
  func wantsTensors(ofModel name: String) -> Bool
}

extension EventObserver {
  package func wantsTensors(ofModel name: String) -> Bool { false }
}
