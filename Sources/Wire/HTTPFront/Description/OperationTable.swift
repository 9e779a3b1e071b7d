import Inference
import WireFormats

/// What each endpoint takes and answers, for the models of one scope.
struct OperationTable {
  typealias Operation = DescribedOperation
  typealias Content = DescribedOperation.Content

  let scope: DescriptionScope

  func operation(_ endpoint: Endpoint, _ method: String) -> Operation {
    switch endpoint {
    case .serverMetadata: .answering("What this server is.", .json("ServerMetadata"))
    case .serverLive: health(.json("Live"))
    case .serverReady: health(.json("Ready"))
    case .modelReady: health(.json("ModelReady"), failures: named)
    case .plainLive, .plainReady: health(.text("text/plain"))
    case .ping: health(.json("Status"))
    case .programVersion: .answering("The version.", .text("text/plain"))
    case .metrics: .answering("The metrics.", .text("text/plain"))
    case .page: page
    case .description: description
    case .modelList: .answering("Their names.", .json("ModelList"))
    case .modelMetadata:
      .answering("What it takes and gives.", .json("ModelMetadata"), failures: named)
    case .modelConfig:
      .answering(
        "Its configuration.", .json("ModelConfig"), failures: named.union([.notImplemented]))
    case .modelStatistics:
      .answering("What it has done.", .json("Statistics"), failures: named)
    case .allStatistics: .answering("What they have done.", .json("Statistics"))
    case .v1ModelList: .answering("Their names.", .json("KServeModelList"))
    case .v1ModelStatus: health(.json("KServeModel"), failures: named)
    case .v1Metadata: .answering("Its signature.", .json("TensorFlowMetadata"), failures: named)
    case .infer, .generate, .generateStream, .detect, .classify, .modelMethod: inference(endpoint)
    case .v1Predict, .v1Explain, .v1Classify, .v1Regress, .invocations, .predict, .vertexPredict,
      .modelInvoke, .predictions, .explanations:
      dialect(endpoint)
    case .repositoryIndex, .modelLoad, .modelUnload, .modelAliases, .modelRegister, .modelEntry,
      .modelDefault:
      repository(endpoint, method)
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister:
      memory(endpoint)
    case .traceSettings, .logSettings: runningSettings(endpoint, method)
    }
  }

  var named: Set<FailureKind> { DescribedFailures.ofNamedModels }

  /// A probe answers the same document with 503 where all is not well; a full server a failure.
  private func health(_ content: Content, failures: Set<FailureKind> = []) -> Operation {
    let error = ElementSchemas.reference("Error")
    let unwell: [Content] =
      content.mediaType == "application/json"
      ? [.json(of: ["anyOf": [content.schema, error]])] : [content, .json(of: error)]
    return Operation(
      answers: [
        .init(text: "All is well.", contents: [content]),
        .init(status: 503, text: "It is not.", contents: unwell),
      ], failures: failures)
  }

  private var page: Operation {
    Operation(answers: [
      .init(
        text: "The page for a browser, KServe's word for others.",
        contents: [.text("text/html"), .json("Status")]),
      .init(status: 304, text: "As it was."),
    ])
  }

  private var description: Operation {
    Operation(
      parameters: [
        Operation.parameter(
          "model", in: "query", ["type": "string", "minLength": 1],
          "Describes the addresses of this model alone, exactly."),
        Operation.parameter(
          "If-None-Match", in: "header", ["type": "string"], "A tag that an earlier answer had."),
      ],
      answers: [
        .init(text: "This description.", contents: [.json(of: ["type": "object"])]),
        .init(status: 304, text: "As it was."),
      ], failures: named)
  }

  /// Examples of every model that has one.
  func examples(_ make: (SignatureExamples) -> JSONValue?) -> [JSONValue.Member] {
    scope.shown.compactMap { model in
      make(SignatureExamples(model)).map { .init(model.name, $0) }
    }
  }
}
