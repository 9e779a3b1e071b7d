import Inference

/// The parts of a request's time that have a histogram each.
enum RequestPhase: String, CaseIterable {
  case read, decode, queue, compute, encode, write

  /// From when to when; a phase that was not reached has a `never`.
  func bounds(in record: borrowing RequestRecord) -> (from: Instant, to: Instant) {
    switch self {
    case .read: (record.context.arrival, record.bodyRead)
    case .decode: (record.bodyRead, record.decoded)
    case .queue: (record.served.admitted, record.served.started)
    case .compute: (record.served.started, record.served.computed)
    case .encode: (record.served.computed, record.encoded)
    case .write: (record.encoded, record.written)
    }
  }

  var buckets: Buckets {
    switch self {
    case .queue, .compute: .mainPhase
    case .read, .decode, .encode, .write: .otherPhase
    }
  }

  var place: Int {
    switch self {
    case .read: 0
    case .decode: 1
    case .queue: 2
    case .compute: 3
    case .encode: 4
    case .write: 5
    }
  }
}

/// Triton's sums of time, over successful requests only.
enum TritonSum: Int, CaseIterable {
  case request, queue, input, infer, output
}

/// Where each count of a model version lies in its row of cells.
enum SeriesLayout {
  static let requests = 0
  static let duration = requests + Dialect.allCases.count * outcomeCount
  static let phases = duration + Buckets.duration.count + 1
  static let triton = phases + RequestPhase.allCases.count * phaseWidth
  static let rows = triton + TritonSum.allCases.count
  static let runs = rows + 1
  /// Time of failed requests.
  static let failures = runs + 1
  /// The latest end of a successful request, on the monotonic clock.
  static let lastEnd = failures + 1
  /// Runs of one row, then their input, infer and output time.
  static let single = lastEnd + 1
  /// Count and time of requests that the response cache knew, then of those that it did not.
  static let cacheHits = single + 4
  static let cacheMisses = cacheHits + 2
  /// Successful requests that the response cache answered.
  static let cachedSuccesses = cacheMisses + 2
  static let cellCount = cachedSuccesses + 1

  static let outcomeCount = RequestRecord.Outcome.allCases.count
  /// The most buckets, and the sum of nanoseconds.
  static let phaseWidth = Buckets.mainPhase.count + 1

  static func requests(_ dialect: Dialect, _ outcome: RequestRecord.Outcome) -> Int {
    requests + dialect.place * outcomeCount + outcome.place
  }

  static func phase(_ phase: RequestPhase) -> Int { phases + phase.place * phaseWidth }
}

extension Dialect {
  /// Its place among all dialects.
  var place: Int {
    switch self {
    case .openInference: 0
    case .vision: 1
    case .embedded: 2
    case .kserve: 3
    case .tensorFlow: 4
    case .mlflow: 5
    case .sageMaker: 6
    case .vertex: 7
    case .torchServe: 8
    case .predict: 9
    case .grpc: 10
    }
  }
}

extension RequestRecord.Outcome {
  /// Its place among all outcomes.
  var place: Int {
    switch self {
    case .success: 0
    case .invalid: 1
    case .rejected: 2
    case .cancelled: 3
    case .deadlineExceeded: 4
    case .failed: 5
    }
  }
}
