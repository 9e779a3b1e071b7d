/// The one place where failures become sentences: what was expected, what came, what to do.
///
/// Never a file path, a pointer, a C stack or another caller's name; names from outside are cut.
package enum FailureMessage {
  package static func text(for failure: InferenceFailure) -> String {
    switch failure {
    case .modelNotFound(let address, let known): notFound(address, known)
    case .modelNotReady(let name, let state): notReady(name, state)
    case .modelRefused(let name, let reason):
      // These three words are what Triton's clients look for.
      "failed to load \(PublicText.quoted(name)): \(PublicText.withoutPlaces(reason))"
    case .invalidInput(let problem): text(for: problem)
    case .tooLarge(let what): text(for: what)
    case .unauthenticated:
      "this server asks for a key; send it as `Authorization: Bearer <key>`"
    case .forbidden(let reason): text(for: reason)
    case .overloaded(let limit, let wait): text(for: limit) + "; try again in \(seconds(wait))"
    case .quotaExceeded(let wait): "your quota is used up; try again in \(seconds(wait))"
    case .clientTooSlow(let what): text(for: what)
    case .unsupported(let feature): text(for: feature)
    case .alreadyExists(let name): "\(PublicText.quoted(name)) exists already; choose another name"
    case .upstreamFailed(let name): "the server behind \(PublicText.quoted(name)) did not answer"
    case .deadlineExceeded(let limit):
      "no answer within the \(seconds(limit)) that the request allowed; allow more, or ask later"
    case .cancelled: "the request was cancelled"
    case .draining: "this server is shutting down and takes no new requests; ask another"
    case .runtimeFailed(let fault): text(for: fault)
    case .internalFault(let id):
      "something went wrong inside the server; its log has the cause under \(id.text)"
    }
  }

  private static func notFound(_ address: ModelAddress, _ known: [String]) -> String {
    switch address.version {
    case .any:
      "no model \(PublicText.quoted(address.name)); there are: \(PublicText.quoted(known))"
    case .number(let number):
      "no version \(number) of model \(PublicText.quoted(address.name)); there are: "
        + PublicText.quoted(known)
    case .alias(let alias):
      "no alias \(PublicText.quoted(alias)) of model \(PublicText.quoted(address.name)); "
        + "there are: \(PublicText.quoted(known))"
    }
  }

  private static func notReady(_ name: String, _ state: ModelState) -> String {
    let name = PublicText.quoted(name)
    return switch state {
    case .dormant: "model \(name) is not in memory; its first inference request loads it"
    case .loading: "model \(name) is still loading; try again in a moment"
    case .ready: "model \(name) is not answering; try again in a moment"
    case .draining: "model \(name) is being unloaded; ask another version"
    case .gone: "model \(name) was unloaded; load it again first"
    case .failed(let reason): "model \(name) failed: \(PublicText.withoutPlaces(reason))"
    }
  }

  private static func text(for what: TooLarge) -> String {
    switch what {
    case .body(let limit): "the body is larger than the limit of \(limit) bytes; send less at once"
    case .decompressedBody(let limit):
      "the body, decompressed, is larger than the limit of \(limit) bytes; send less at once"
    case .header(let limit): "the headers are larger than the limit of \(limit) bytes"
    case .image(let width, let height, let limit): tooManyPixels(width, height, limit)
    }
  }

  private static func text(for what: SlowClient) -> String {
    switch what {
    case .moving(let minimum):
      "the connection moved fewer than \(minimum) bytes a second; send and read faster"
    case .taking(let parts, let bytes):
      "more than \(parts) parts or \(bytes) bytes of the answer waited to be taken; read faster"
    }
  }

  private static func text(for reason: Forbidden) -> String {
    switch reason {
    case .origin(let origin):
      "pages of \(PublicText.quoted(origin)) may not use this server; its operator can allow them"
    case .host(let host):
      "this server does not go by the host name \(PublicText.quoted(host)); its operator can add it"
    case .managementFromAfar:
      "management answers only on the machine itself unless a key is set"
    case .restricted(let header):
      "this address is restricted; send the header \(PublicText.quoted(header)) with its key"
    case .explicitControlOff(let mode):
      "models are not loaded or unloaded by request while the model control mode is "
        + "\(PublicText.quoted(mode)); its operator can start the server with explicit"
    }
  }

  private static func text(for limit: OverloadLimit) -> String {
    switch limit {
    case .waitingRequests(let count): "the model's queue is full with \(count) waiting requests"
    case .waitingBytes(let count): "the server is full with \(count) waiting bytes"
    case .connections(let count): "the server is full with \(count) connections"
    }
  }

  private static func text(for feature: Feature) -> String {
    switch feature {
    case .generation: "this model takes tensors, not prompts; use its infer address"
    case .method(let method, let allowed):
      "method \(PublicText.quoted(method)) is not for this address; use "
        + allowed.joined(separator: " or ")
    case .path(let path): "nothing answers at \(PublicText.quoted(path)); see GET /v2"
    case .modelMethod(let name, let model, let known):
      "model \(PublicText.quoted(model)) has no method \(PublicText.quoted(name)); "
        + "its methods are: \(PublicText.quoted(known))"
    case .contentEncoding(let name):
      "content encoding \(PublicText.quoted(name)) is not known here; use gzip, deflate or none"
    case .contentType(let name):
      "content type \(PublicText.quoted(name)) is not for this address; send JSON, or for photos "
        + "image/jpeg, image/png, image/webp or multipart/form-data"
    case .task(let asked, let modelTask):
      "this model cannot \(PublicText.quoted(asked)): it is for \(PublicText.quoted(modelTask)); "
        + "its tensors are served at its infer address"
    case .answersInParts(nil):
      "this model answers in any number of parts, and here exactly one is given; ask generate_stream"
    case .answersInParts(let count?):
      "expected the model to give exactly 1 answer, got \(count); ask generate_stream"
    case .other(let name): "this server does not do \(PublicText.cut(name, 200))"
    }
  }

  private static func text(for fault: RuntimeFault) -> String {
    let message = PublicText.withoutPlaces(fault.message)
    return switch fault.code {
    case .invalidArgument: "the model refused these inputs: \(message)"
    case .invalidModel: "the model cannot be used: \(message)"
    case .runtimeMissing: "the model's runtime is not to be had here: \(message)"
    case .stopped: "the run was stopped because it took too long; try again"
    case .outOfMemory: "there was not enough memory for this request; send less at once"
    case .failed: "the model failed: \(message)"
    }
  }

  static func tooManyPixels(_ width: Int, _ height: Int, _ limit: Int) -> String {
    "the image has \(width) x \(height) pixels, and at most \(limit) are taken; send a smaller one"
  }

  /// `1 s`, `1.5 s`, `0.25 s`.
  private static func seconds(_ duration: Duration) -> String {
    let parts = duration.components
    let milliseconds = parts.attoseconds / 1_000_000_000_000_000
    if milliseconds == 0 { return "\(parts.seconds) s" }
    var digits = String(1_000 + milliseconds).dropFirst()
    while digits.last == "0" { digits.removeLast() }
    return "\(parts.seconds).\(digits) s"
  }
}
