package import Inference

/// What a failure is answered with in each dialect: its status and its own form of an error.
package enum DialectFailures {
  package static func statusCode(for failure: InferenceFailure, in dialect: Dialect) -> Int {
    switch dialect {
    case .openInference, .vision, .embedded, .grpc: OpenInferenceFailures.statusCode(for: failure)
    case .kserve, .vertex, .predict: kserveStatus(FailureKind(failure))
    case .tensorFlow: tensorFlowStatus(FailureKind(failure))
    case .mlflow: mlflow(FailureKind(failure)).status
    case .sageMaker: sageMakerStatus(FailureKind(failure))
    case .torchServe: torchServe(FailureKind(failure)).status
    }
  }

  /// The body, in JSON.
  package static func body(for failure: InferenceFailure, in dialect: Dialect) -> [UInt8] {
    let text = FailureMessage.text(for: failure)
    switch dialect {
    case .mlflow:
      let code = mlflow(FailureKind(failure)).code
      return JSONValue.object([
        .init("error_code", .string(code)), .init("message", .string(text)),
      ]).bytes
    case .torchServe:
      let row = torchServe(FailureKind(failure))
      return JSONValue.object([
        .init("code", .integer(Int64(row.status))), .init("type", .string(row.type)),
        .init("message", .string(text)),
      ]).bytes
    case .openInference, .vision, .embedded, .grpc, .kserve, .vertex, .predict, .tensorFlow,
      .sageMaker:
      return OpenInferenceDocuments.error(text)
    }
  }

  /// KServe's Python server; also Vertex and `/predict`, which fix no statuses of their own.
  static func kserveStatus(_ kind: FailureKind) -> Int {
    switch kind {
    case .modelUnknown, .versionUnknown, .pathUnknown: 404
    case .modelNotReady, .unavailable, .outOfMemory: 503
    case .modelRefused, .invalidInput, .alreadyExists: 400
    case .tooLarge: 413
    case .headerTooLarge: 431
    case .mediaUnknown: 415
    case .notImplemented: 501
    case .methodUnknown: 405
    case .unauthenticated: 401
    case .forbidden: 403
    case .overloaded: 429
    case .clientTooSlow: 408
    case .cancelled: 499
    case .deadlineExceeded: 504
    case .upstreamFailed: 502
    case .failed: 500
    }
  }

  /// TensorFlow Serving: its codes of gRPC as its HTTP server writes them.
  static func tensorFlowStatus(_ kind: FailureKind) -> Int {
    switch kind {
    case .modelUnknown, .versionUnknown, .pathUnknown: 404
    case .modelNotReady, .unavailable, .outOfMemory: 503
    case .modelRefused, .invalidInput: 400
    case .alreadyExists: 409
    case .tooLarge: 413
    case .headerTooLarge: 431
    case .mediaUnknown: 415
    case .notImplemented: 501
    case .methodUnknown: 405
    case .unauthenticated: 401
    case .forbidden: 403
    case .overloaded: 429
    case .clientTooSlow: 408
    case .cancelled: 499
    case .deadlineExceeded: 504
    case .upstreamFailed: 502
    case .failed: 500
    }
  }

  /// MLflow's scoring server and the names of its error codes.
  static func mlflow(_ kind: FailureKind) -> (status: Int, code: String) {
    switch kind {
    case .modelUnknown, .versionUnknown: (404, "RESOURCE_DOES_NOT_EXIST")
    case .pathUnknown: (404, "ENDPOINT_NOT_FOUND")
    case .modelNotReady, .unavailable, .outOfMemory: (503, "TEMPORARILY_UNAVAILABLE")
    case .modelRefused, .headerTooLarge: (400, "BAD_REQUEST")
    case .invalidInput: (400, "BAD_REQUEST")
    case .alreadyExists: (400, "RESOURCE_ALREADY_EXISTS")
    case .tooLarge: (413, "BAD_REQUEST")
    case .mediaUnknown: (415, "BAD_REQUEST")
    case .notImplemented: (501, "NOT_IMPLEMENTED")
    case .methodUnknown: (405, "BAD_REQUEST")
    case .unauthenticated: (401, "UNAUTHENTICATED")
    case .forbidden: (403, "PERMISSION_DENIED")
    case .overloaded: (429, "REQUEST_LIMIT_EXCEEDED")
    case .clientTooSlow: (408, "REQUEST_TIMEOUT")
    case .cancelled: (499, "CANCELLED")
    case .deadlineExceeded: (504, "DEADLINE_EXCEEDED")
    case .upstreamFailed: (502, "INTERNAL_ERROR")
    case .failed: (500, "INTERNAL_ERROR")
    }
  }

  /// SageMaker's contract of containers with many models: 409 for a model that is loaded already,
  /// 507 where memory does not suffice.
  static func sageMakerStatus(_ kind: FailureKind) -> Int {
    switch kind {
    case .modelUnknown, .versionUnknown, .pathUnknown: 404
    case .modelNotReady, .unavailable: 503
    case .outOfMemory: 507
    case .modelRefused, .invalidInput: 400
    case .alreadyExists: 409
    case .tooLarge: 413
    case .headerTooLarge: 431
    case .mediaUnknown: 415
    case .notImplemented: 501
    case .methodUnknown: 405
    case .unauthenticated: 401
    case .forbidden: 403
    case .overloaded: 429
    case .clientTooSlow: 408
    case .cancelled: 499
    case .deadlineExceeded: 504
    case .upstreamFailed: 502
    case .failed: 500
    }
  }

  /// TorchServe's statuses and the names of its exceptions.
  static func torchServe(_ kind: FailureKind) -> (status: Int, type: String) {
    switch kind {
    case .modelUnknown: (404, "ModelNotFoundException")
    case .versionUnknown: (404, "ModelVersionNotFoundException")
    case .pathUnknown: (404, "ResourceNotFoundException")
    case .modelNotReady, .unavailable, .overloaded: (503, "ServiceUnavailableException")
    case .modelRefused: (400, "InvalidModelException")
    case .invalidInput, .headerTooLarge: (400, "BadRequestException")
    case .alreadyExists: (409, "ConflictStatusException")
    case .tooLarge: (413, "RequestEntityTooLargeException")
    case .mediaUnknown: (415, "BadRequestException")
    case .notImplemented: (501, "NotImplementedException")
    case .methodUnknown: (405, "MethodNotAllowedException")
    case .unauthenticated: (401, "InvalidKeyException")
    case .forbidden: (403, "ForbiddenException")
    case .outOfMemory: (507, "WorkerOutOfMemoryException")
    case .clientTooSlow: (408, "RequestTimeoutException")
    case .cancelled: (499, "BadRequestException")
    case .deadlineExceeded: (504, "InferenceTimeoutException")
    case .upstreamFailed: (502, "InternalServerException")
    case .failed: (500, "InternalServerException")
    }
  }
}
