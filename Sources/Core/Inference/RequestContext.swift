/// The language in which a request arrived.
package enum Dialect: String, Sendable, Hashable, CaseIterable {
  /// Open Inference Protocol V2 over REST.
  case openInference = "v2"
  /// The same over gRPC, as Triton and KServe speak it.
  case grpc
  /// The vision tasks beside it: `/detect`, `/classify`.
  case vision
  /// KServe V1: `/v1/models/{m}:predict` with `instances`.
  case kserve = "kserve-v1"
  /// TensorFlow Serving's REST API, at the same addresses.
  case tensorFlow = "tensorflow"
  /// MLflow's scoring server: `/invocations` with tables.
  case mlflow
  /// SageMaker's containers: `/invocations`, `/models/{m}/invoke`.
  case sageMaker = "sagemaker"
  /// Vertex AI's custom containers: the routes that it names in variables.
  case vertex
  /// TorchServe: `/predictions/{m}`.
  case torchServe = "torchserve"
  /// `/predict`, as BentoML and LitServe answer it.
  case predict
  /// No wire at all: the embedded library and the command line.
  case embedded
}

/// Who is asking: the authenticated key, else a trusted header's word, else the peer's address.
///
/// Quotas, fairness, caches and logs all use this one name.
package struct Caller: Sendable, Hashable {
  package let name: String

  package init(name: String) { self.name = name }

  /// The process itself.
  package static let embedded = Caller(name: "embedded")
}

/// What surrounds a request, apart from what is to be computed.
package struct RequestContext: Sendable {
  /// Names the request in answers, logs and traces; the client's `x-request-id` or one we made.
  package var id: String
  package var caller: Caller
  package var dialect: Dialect
  /// When its first byte was read.
  package var arrival: Instant
  /// When the answer is no longer of use; `distantFuture` where nobody said.
  package var deadline: Instant
  /// How long the client says that the request may wait, from its arrival; 0 where it does not say.
  /// The model's queue policy decides what that means: without one it is a deadline.
  package var timeoutNanoseconds: UInt64
  /// 1 is the most urgent; 0 means the model's default.
  package var priority: UInt32
  /// Keeps one client on one version, one instance or one sequence.
  package var routingKey: String?
  package var sequence: SequenceMark?
  /// W3C `traceparent`, as it came.
  package var traceParent: String?
  /// Headers that the operator chose to pass to the model.
  package var forwardedHeaders: [(name: String, value: String)]
  /// Models that were asked before and asked this in turn; empty for what a client asks.
  package var askedThrough: [String] = []

  package init(
    id: String, caller: Caller, dialect: Dialect, arrival: Instant,
    deadline: Instant = .distantFuture
  ) {
    self.id = id
    self.caller = caller
    self.dialect = dialect
    self.arrival = arrival
    self.deadline = deadline
    self.timeoutNanoseconds = 0
    self.priority = 0
    self.forwardedHeaders = []
  }

  /// With what a request says of itself; a time too long to be counted is the longest.
  package func asked(
    priority: UInt32, sequence: SequenceMark?, timeoutMicroseconds: UInt64?
  ) -> RequestContext {
    var context = self
    context.priority = priority
    context.sequence = sequence
    if let timeoutMicroseconds {
      let (nanoseconds, overflow) = timeoutMicroseconds.multipliedReportingOverflow(by: 1_000)
      context.timeoutNanoseconds = overflow ? .max : nanoseconds
    }
    return context
  }
}

/// A request's place in a sequence of requests that share state in the model.
package struct SequenceMark: Sendable, Hashable {
  /// The correlation id, which clients may give as a number or as text.
  package enum ID: Sendable, Hashable {
    case number(UInt64)
    case text(String)
  }

  package let id: ID
  package let isStart: Bool
  package let isEnd: Bool

  package init(id: ID, isStart: Bool, isEnd: Bool) {
    self.id = id
    self.isStart = isStart
    self.isEnd = isEnd
  }
}
