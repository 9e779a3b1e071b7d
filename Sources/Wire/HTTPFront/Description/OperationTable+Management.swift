import Inference
import WireFormats

extension OperationTable {
  // MARK: Repository

  func repository(_ endpoint: Endpoint, _ method: String) -> DescribedOperation {
    switch (endpoint, method) {
    case (.modelLoad, _):
      change(
        "It is loaded.", .json("LoadRequest"), failures: [.modelRefused, .outOfMemory, .failed])
    case (.modelUnload, _):
      change("It is unloaded.", .json("UnloadRequest"), failures: [.modelUnknown])
    case (.modelAliases, _):
      Operation(
        body: [.json("Aliases", examples: [.init("stable", ["stable": 1])])],
        answers: [.init(text: "They are set.")], failures: named)
    case (.modelRegister, "POST"): register
    case (.modelRegister, _): listing
    case (.modelEntry, "PUT"): scaling
    case (.modelEntry, "DELETE"):
      .answering(
        "It is unregistered.", .json("Status"),
        failures: [.modelUnknown, .versionUnknown, .notImplemented])
    case (.modelEntry, _): .answering("Its versions.", entry, failures: named)
    case (.modelDefault, _):
      .answering("It is set.", .json("Status"), failures: named)
    default:
      Operation(
        body: [.json("IndexRequest", examples: [.init("all", [:])])], isBodyRequired: false,
        answers: [.init(text: "All versions and their states.", contents: [.json("Index")])])
    }
  }

  /// SageMaker's clients read an object, TorchServe's a list.
  private var entry: Content {
    scope.profile == .sageMaker ? .json("ForeignModelEntry") : .json("ForeignModel")
  }

  private func change(
    _ text: String, _ body: Content, failures: Set<FailureKind>
  ) -> Operation {
    Operation(
      body: [body], isBodyRequired: false, answers: [.init(text: text)], failures: failures)
  }

  private var listing: Operation {
    Operation(
      parameters: [
        Operation.parameter(
          "limit", in: "query", ["type": "integer", "minimum": 1, "maximum": 10_000],
          "Names of one answer."),
        Operation.parameter(
          "next_page_token", in: "query", ["type": "string", "pattern": "^[0-9]{1,9}$"],
          "From the answer before."),
      ], answers: [.init(text: "Their names.", contents: [.json("ForeignModelList")])])
  }

  private var register: Operation {
    Operation(
      parameters: [
        Operation.parameter(
          "url", in: "query", ["type": "string", "minLength": 1],
          "The model's name in this server's directories; also in the body."),
        Operation.parameter(
          "model_name", in: "query", ["type": "string"], "The same name, where it is told apart."),
      ],
      body: [.json("ForeignRegistration")], isBodyRequired: false,
      answers: [.init(text: "It is loaded.", contents: [.json("Status")])],
      failures: [.modelRefused, .alreadyExists, .outOfMemory, .failed])
  }

  private var scaling: Operation {
    let count: JSONValue = ["type": "integer", "minimum": 0, "maximum": 100_000]
    return Operation(
      parameters: ["min_worker", "max_worker"].map {
        Operation.parameter($0, in: "query", count, "Instances that are wished for.")
      },
      answers: [.init(status: 202, text: "It is so.", contents: [.json("Status")])],
      failures: named.union([.notImplemented]))
  }

  // MARK: Shared memory

  func memory(_ endpoint: Endpoint) -> DescribedOperation {
    switch endpoint {
    case .systemMemoryStatus:
      .answering("The regions.", .json("Regions"), failures: [.modelUnknown])
    case .systemMemoryRegister:
      Operation(
        body: [
          .json(
            "Registration",
            examples: [.init("input", ["key": "/input", "offset": 0, "byte_size": 64])])
        ], answers: [.init(text: "It is registered.")], failures: [.alreadyExists])
    case .cudaMemoryStatus: .answering("There are none.", .json("NoRegions"))
    case .cudaMemoryRegister: Operation(failures: [.notImplemented])
    default: Operation(answers: [.init(text: "It is forgotten.")])
    }
  }

  // MARK: Settings

  func runningSettings(_ endpoint: Endpoint, _ method: String) -> DescribedOperation {
    var operation = Operation.answering(
      "What is in force.", .json("RunningSettings"),
      failures: endpoint == .traceSettings ? [.modelUnknown] : [])
    if method == "POST" {
      operation.body = [.json(endpoint == .traceSettings ? "TraceChanges" : "LogChanges")]
      operation.isBodyRequired = false
      // A server that was started without a file for traces writes none.
      if endpoint == .traceSettings { operation.failures.insert(.notImplemented) }
    }
    return operation
  }
}
