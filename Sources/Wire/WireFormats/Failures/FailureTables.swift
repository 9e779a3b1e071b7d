import Inference

/// The table of failures that `docs/operating/errors.md` shows, made from the code that answers.
package enum FailureTables {
  /// A page in Markdown: each failure with its status, `Retry-After` and an example of its message.
  package static func markdown() -> String {
    var page = """
      # Errors

      A request that got no answer gets a status and `{"error": "..."}`; over gRPC its status and the \
      message. The message says what was expected, what came and what to do. This page is generated \
      from the code.

      | failure | HTTP | gRPC | Retry-After | message, for example |
      |---|--:|---|--:|---|

      """
    for failure in FailureExamples.all {
      let wait = OpenInferenceFailures.retryAfterSeconds(for: failure).map { "\($0) s" } ?? ""
      let message = FailureMessage.text(for: failure).split(separator: "|").joined(separator: "\\|")
      page += "| \(FailureExamples.name(of: failure)) "
      page += "| \(OpenInferenceFailures.statusCode(for: failure)) "
      page += "| \(GRPCFailures.status(for: failure).name) | \(wait) | \(message) |\n"
    }
    return page + dialects
  }

  /// What else the other dialects have: their statuses by kind of failure.
  private static var dialects: String {
    var page = """

      ## By dialect

      The addresses of other servers answer failures as those do: KServe, Vertex and `/predict`, \
      TensorFlow Serving and SageMaker with `{"error": "..."}`, MLflow with `{"error_code": ..., \
      "message": ...}`, TorchServe with `{"code": ..., "type": ..., "message": ...}`.

      |kind|KServe|TensorFlow|SageMaker|MLflow|TorchServe|
      |---|--:|--:|--:|---|---|

      """
    for kind in FailureKind.allCases {
      let mlflow = DialectFailures.mlflow(kind)
      let torchServe = DialectFailures.torchServe(kind)
      page += "|\(kind)|\(DialectFailures.kserveStatus(kind))"
      page += "|\(DialectFailures.tensorFlowStatus(kind))|\(DialectFailures.sageMakerStatus(kind))"
      page += "|\(mlflow.status) \(mlflow.code)|\(torchServe.status) \(torchServe.type)|\n"
    }
    return page
  }
}

/// One example of every failure there is.
enum FailureExamples {
  /// The failure's name in the code, inner names behind a dot. Exhaustive, so that a new case is not
  /// forgotten; the test compares the names with those of `all`.
  static func name(of failure: InferenceFailure) -> String {
    switch failure {
    case .invalidInput(.image(let problem)): "invalidInput.image." + caseName(problem)
    case .invalidInput(let problem): "invalidInput." + caseName(problem)
    case .tooLarge(let what): "tooLarge." + caseName(what)
    case .forbidden(let why): "forbidden." + caseName(why)
    case .overloaded(let limit, _): "overloaded." + caseName(limit)
    case .clientTooSlow(let what): "clientTooSlow." + caseName(what)
    case .unsupported(let feature): "unsupported." + caseName(feature)
    case .runtimeFailed(let fault): "runtimeFailed." + fault.code.rawValue
    case .modelNotReady(_, let state): "modelNotReady." + caseName(state)
    case .modelNotFound, .modelRefused, .unauthenticated, .quotaExceeded, .alreadyExists,
      .upstreamFailed, .deadlineExceeded, .cancelled, .draining, .internalFault:
      caseName(failure)
    }
  }

  /// `wrongShape` of `wrongShape(input: ...)`.
  private static func caseName(_ value: Any) -> String {
    String(String(describing: value).prefix { $0 != "(" })
  }

  static let all: [InferenceFailure] = general + documents + tensors + images

  private static let general: [InferenceFailure] = [
    .modelNotFound(ModelAddress(name: "yolo"), known: ["yolo11n", "iris"]),
    .modelNotReady(name: "yolo11n", state: .dormant),
    .modelNotReady(name: "yolo11n", state: .loading),
    .modelNotReady(name: "yolo11n", state: .ready),
    .modelNotReady(name: "yolo11n", state: .draining),
    .modelNotReady(name: "yolo11n", state: .gone),
    .modelNotReady(name: "yolo11n", state: .failed(reason: "the file is cut off")),
    .modelRefused(name: "yolo11n", reason: "no graph was found"),
    .tooLarge(.body(bytesMax: 67_108_864)),
    .tooLarge(.decompressedBody(bytesMax: 67_108_864)),
    .tooLarge(.header(bytesMax: 32_768)),
    .tooLarge(.image(width: 50_000, height: 50_000, pixelsMax: 100_000_000)),
    .unauthenticated,
    .forbidden(.origin("https://example.org")),
    .forbidden(.host("example.org")),
    .forbidden(.managementFromAfar),
    .forbidden(.explicitControlOff(mode: "none")),
    .forbidden(.restricted(header: "x-key")),
    .overloaded(limit: .waitingRequests(1_024), retryAfter: .seconds(1)),
    .overloaded(limit: .waitingBytes(4_294_967_296), retryAfter: .seconds(1)),
    .overloaded(limit: .connections(10_000), retryAfter: .seconds(1)),
    .quotaExceeded(retryAfter: .seconds(30)),
    .clientTooSlow(.moving(bytesPerSecondMin: 16_384)),
    .clientTooSlow(.taking(heldPartsMax: 64, heldBytesMax: 1_048_576)),
    .unsupported(.generation),
    .unsupported(.method("PUT", allowed: ["POST"])),
    .unsupported(.path("/v3")),
    .unsupported(.modelMethod("prise", model: "rent", known: ["price"])),
    .unsupported(.contentEncoding("br")),
    .unsupported(.contentType("text/html")),
    .unsupported(.task("detect", modelTask: "segment")),
    .unsupported(.answersInParts(got: 3)),
    .unsupported(.other("shared memory")),
    .alreadyExists("yolo11n"),
    .upstreamFailed("yolo11n"),
    .deadlineExceeded(.milliseconds(250)),
    .cancelled,
    .draining,
    .runtimeFailed(RuntimeFault(code: .invalidArgument, message: "indices are out of bounds")),
    .runtimeFailed(RuntimeFault(code: .invalidModel, message: "no graph was found")),
    .runtimeFailed(RuntimeFault(code: .runtimeMissing, message: "run `apus doctor`")),
    .runtimeFailed(RuntimeFault(code: .stopped, message: "")),
    .runtimeFailed(RuntimeFault(code: .outOfMemory, message: "")),
    .runtimeFailed(RuntimeFault(code: .failed, message: "a node failed")),
    .internalFault(FaultID("f-1f2e3d")),
  ]

  private static let documents: [InferenceFailure] = [
    .invalidInput(.syntax(.json, expected: "`,` or `]`", byteOffset: 120)),
    .invalidInput(.nestedTooDeep(.json, limit: 64)),
    .invalidInput(.framing("Inference-Header-Content-Length is 200, but the body has 100 bytes")),
    .invalidInput(.missingField("inputs")),
    .invalidInput(.fieldOfWrongKind("id", expected: "a string")),
    .invalidInput(.parameter("priority", expected: "a whole number of 0 or more", got: "-1")),
  ]

  private static let tensors: [InferenceFailure] = [
    .invalidInput(.unknownInput("image", known: ["images"])),
    .invalidInput(.missingInput("images")),
    .invalidInput(.inputGivenTwice("images")),
    .invalidInput(.unknownOutput("output", known: ["output0"])),
    .invalidInput(.unknownDatatype(input: "images", got: "FLOAT")),
    .invalidInput(.wrongDatatype(input: "images", expected: .float32, got: .uint8)),
    .invalidInput(.wrongShape(input: "images", expected: [-1, 3, 640, 640], got: [1, 3, 64, 64])),
    .invalidInput(.tooManyRows(model: "yolo11n", limit: 8, got: 20)),
    .invalidInput(.rankTooHigh(input: "images", got: 9, limit: TensorShape.rankMax)),
    .invalidInput(.negativeLength(input: "images")),
    .invalidInput(.wrongElementCount(input: "images", expected: 12, got: 11)),
    .invalidInput(.wrongByteCount(input: "images", expected: 48, got: 44)),
    .invalidInput(.raggedArray(input: "images")),
    .invalidInput(.elementOfWrongKind(input: "images", datatype: .float32, index: 7)),
    .invalidInput(.elementOutOfRange(input: "images", datatype: .uint8, index: 7)),
    .invalidInput(.nonFiniteElement(input: "images", index: 7)),
    .invalidInput(.sequenceIDMissing(model: "tracker")),
    .invalidInput(.sequenceIDUnfit(model: "tracker", id: "a", datatype: .uint64)),
    .invalidInput(.sequenceNotStarted(model: "tracker", id: "42")),
    .invalidInput(.sequenceRows(model: "tracker", got: 2)),
  ]

  private static let images: [InferenceFailure] = [
    .invalidInput(.image(.notAnImage)),
    .invalidInput(.image(.truncated(format: "JPEG"))),
    .invalidInput(.image(.corrupt(format: "PNG", reason: "a checksum does not match"))),
    .invalidInput(
      .image(.tooManyPixels(width: 50_000, height: 50_000, pixelsMax: 100_000_000))),
    .invalidInput(.image(.unsupported(format: "JPEG", reason: "12 bits a sample"))),
    .invalidInput(.noImage(fields: ["image", "file", "data"])),
  ]
}
