/// Why this request got no answer.
///
/// Facts only: no status code, no sentence. Each protocol has one exhaustive table that turns a
/// failure into its status, and messages are made in one place.
package enum InferenceFailure: Error, Sendable, Equatable {
  /// No model of that name, or not that version of it; with the names that exist.
  case modelNotFound(ModelAddress, known: [String])
  case modelNotReady(name: String, state: ModelState)
  /// A model that somebody asked to be loaded could not be.
  case modelRefused(name: String, reason: String)
  case invalidInput(InputProblem)
  case tooLarge(TooLarge)
  case unauthenticated
  case forbidden(Forbidden)
  /// The queue is full, or too many bytes wait.
  case overloaded(limit: OverloadLimit, retryAfter: Duration)
  case quotaExceeded(retryAfter: Duration)
  case clientTooSlow(SlowClient)
  case unsupported(Feature)
  case alreadyExists(String)
  case upstreamFailed(String)
  case deadlineExceeded(Duration)
  case cancelled
  case draining
  case runtimeFailed(RuntimeFault)
  case internalFault(FaultID)
}

/// What is too large, and how large it may be.
package enum TooLarge: Sendable, Equatable {
  case body(bytesMax: Int)
  case decompressedBody(bytesMax: Int)
  case header(bytesMax: Int)
  case image(width: Int, height: Int, pixelsMax: Int)
}

/// What a client was too slow at.
package enum SlowClient: Sendable, Equatable {
  /// Its connection moves too little.
  case moving(bytesPerSecondMin: Int)
  /// It leaves the parts of its answer where they are.
  case taking(heldPartsMax: Int, heldBytesMax: Int)
}

/// Why a caller may not do what it asks.
package enum Forbidden: Sendable, Equatable {
  /// A page of another origin tried to use this server.
  case origin(String)
  /// The `Host` is not one this server goes by.
  case host(String)
  /// Management answers only on loopback.
  case managementFromAfar
  /// Models are not loaded and unloaded by request in this mode: `none`, `poll`.
  case explicitControlOff(mode: String)
  /// The group of addresses takes a header that did not come, or had another value.
  case restricted(header: String)
}

/// Which bound refused a request.
package enum OverloadLimit: Sendable, Equatable {
  case waitingRequests(Int)
  case waitingBytes(Int)
  case connections(Int)
}

/// What this server, or this model, does not do.
package enum Feature: Sendable, Equatable {
  case generation
  case method(String, allowed: [String])
  case path(String)
  /// A method that the model has not, with those that it has.
  case modelMethod(String, model: String, known: [String])
  case contentEncoding(String)
  case contentType(String)
  /// A vision task asked of a model that has another, or none.
  case task(String, modelTask: String)
  /// One answer asked of a model that gives any number; with how many came, where one was tried.
  case answersInParts(got: Int?)
  /// Anything else, named as a client would name it.
  case other(String)
}

/// Names an internal fault in the answer and in the log, so that one finds the other.
package struct FaultID: Sendable, Equatable {
  package let text: String

  package init(_ text: String) { self.text = text }
}

/// What a runtime says went wrong; made at the border to its library.
package struct RuntimeFault: Error, Sendable, Equatable {
  package enum Code: String, Sendable, Equatable {
    /// The model refused these inputs.
    case invalidArgument
    /// The model cannot be loaded: corrupt, truncated or of an unknown version.
    case invalidModel
    /// The library is missing or of a version we cannot use.
    case runtimeMissing
    /// The run was told to stop.
    case stopped
    case outOfMemory
    case failed
  }

  package let code: Code
  package let message: String
  private let origin: Origin?

  /// Why a request that the model made in turn got no answer.
  private indirect enum Origin: Sendable, Equatable {
    case request(InferenceFailure)
  }

  package init(code: Code, message: String) {
    self.code = code
    self.message = message
    self.origin = nil
  }

  /// Hands on the failure of a request that the model made in turn, as the request's own.
  package init(passingOn failure: InferenceFailure) {
    if case .runtimeFailed(let fault) = failure {
      self = fault
    } else {
      code = .failed
      message = FailureMessage.text(for: failure)
      origin = .request(failure)
    }
  }

  /// What a client hears.
  package var failure: InferenceFailure {
    if case .request(let failure) = origin { failure } else { .runtimeFailed(self) }
  }
}

/// Why the server cannot start, load a model or go on.
package enum ServerFault: Error, Sendable, Equatable {
  /// A model could not be loaded: which file, and why.
  case modelLoadFailed(model: String, file: String, RuntimeFault)
  case modelFileUnreadable(model: String, file: String, reason: String)
  case configurationInvalid(file: String, reason: String)
  case nothingToServe(path: String, reason: String)
  case portTaken(port: Int)
  case runtimeMissing(RuntimeFault)
  case limitReached(String)
}

extension ServerFault: CustomStringConvertible {
  /// One line for operators: what, which file, why. Never sent to clients of a model.
  package var description: String {
    switch self {
    case .modelLoadFailed(let model, let file, let fault):
      "model \(model): cannot load \(file): \(fault.message)"
    case .modelFileUnreadable(let model, let file, let reason):
      "model \(model): cannot read \(file): \(reason)"
    case .configurationInvalid(let file, let reason): "\(file): \(reason)"
    case .nothingToServe(let path, let reason): "\(path): \(reason)"
    case .portTaken(let port):
      "port \(port) is taken by another program; choose another one or stop that program"
    case .runtimeMissing(let fault): fault.message
    case .limitReached(let what): what
    }
  }
}
