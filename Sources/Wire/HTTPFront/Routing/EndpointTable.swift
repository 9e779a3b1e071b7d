/// Every address that the front answers, for the reference page.
package enum EndpointTable {
  struct Row: Sendable {
    /// `{model}` and `{version}` stand for what a client puts there.
    let path: String
    let endpoint: Endpoint
    let purpose: String
  }

  static let rows = server + model + vision + management + extensions + dialects + others

  private static let extensions = [
    Row(
      path: "/v2/systemsharedmemory/status", endpoint: .systemMemoryStatus,
      purpose: "Regions that clients have registered. Management."),
    Row(
      path: "/v2/systemsharedmemory/region/{region}/status", endpoint: .systemMemoryStatus,
      purpose: "One of them. Management."),
    Row(
      path: "/v2/systemsharedmemory/region/{region}/register", endpoint: .systemMemoryRegister,
      purpose: "Registers POSIX shared memory: `{\"key\", \"offset\", \"byte_size\"}`; needs "
        + "`allow-client-shm`. Management."),
    Row(
      path: "/v2/systemsharedmemory/region/{region}/unregister", endpoint: .systemMemoryUnregister,
      purpose: "Forgets a region. Management."),
    Row(
      path: "/v2/systemsharedmemory/unregister", endpoint: .systemMemoryUnregister,
      purpose: "Forgets all regions. Management."),
    Row(
      path: "/v2/cudasharedmemory/status", endpoint: .cudaMemoryStatus,
      purpose: "Always none. Management."),
    Row(
      path: "/v2/cudasharedmemory/region/{region}/register", endpoint: .cudaMemoryRegister,
      purpose: "Answers 501: models compute on the processor. Management."),
    Row(
      path: "/v2/cudasharedmemory/unregister", endpoint: .cudaMemoryUnregister,
      purpose: "Forgets all of none. Management."),
    Row(
      path: "/v2/trace/setting", endpoint: .traceSettings,
      purpose: "Settings of traces; `POST` changes them. Management."),
    Row(
      path: "/v2/models/{model}/trace/setting", endpoint: .traceSettings,
      purpose: "The same for one model. Management."),
    Row(
      path: "/v2/logging", endpoint: .logSettings,
      purpose: "Settings of the log; `POST` changes them. Management."),
  ]

  private static let server = [
    Row(path: "/v2", endpoint: .serverMetadata, purpose: "Name, version and extensions."),
    Row(path: "/v2/health/live", endpoint: .serverLive, purpose: "The server runs."),
    Row(
      path: "/v2/health/ready", endpoint: .serverReady,
      purpose: "Every model that was asked for answers."),
    Row(path: "/v2/models", endpoint: .modelList, purpose: "Names of the models."),
    Row(
      path: "/v2/repository/index", endpoint: .repositoryIndex,
      purpose: "Every version of every model, and its state."),
    Row(
      path: "/v2/models/stats", endpoint: .allStatistics,
      purpose: "What every model version has done, with Triton's names."),
  ]

  private static let management = [
    Row(
      path: "/v2/repository/models/{model}/load", endpoint: .modelLoad,
      purpose: "Loads a model, or loads it anew; parameters `config` and `file:<path>`. Management."
    ),
    Row(
      path: "/v2/repository/models/{model}/unload", endpoint: .modelUnload,
      purpose: "Takes a model out of service and returns its memory. Management."),
    Row(
      path: "/v2/repository/models/{model}/aliases", endpoint: .modelAliases,
      purpose: "Gives versions other names: `{\"stable\": 2, \"canary\": null}`. Management."),
  ]

  private static let model = [
    Row(
      path: "/v2/models/{model}", endpoint: .modelMetadata,
      purpose: "Inputs, outputs, versions and what the file says about itself."),
    Row(
      path: "/v2/models/{model}/config", endpoint: .modelConfig,
      purpose: "The whole configuration in force, with Triton's names."),
    Row(path: "/v2/models/{model}/ready", endpoint: .modelReady, purpose: "The model answers."),
    Row(
      path: "/v2/models/{model}/infer", endpoint: .infer,
      purpose: "Tensors in, tensors out: JSON, or JSON and binary."),
    Row(
      path: "/v2/models/{model}/generate", endpoint: .generate,
      purpose: "A JSON object of inputs by name in; one of outputs by name out."),
    Row(
      path: "/v2/models/{model}/generate_stream", endpoint: .generateStream,
      purpose: "The same in; a server-sent event for each answer of the model, 0 or more."),
    Row(
      path: "/v2/models/{model}/methods/{method}", endpoint: .modelMethod,
      purpose:
        "One of a Python model's own methods: JSON or files in and out, or an event for each "
        + "answer."),
    Row(
      path: "/v2/models/{model}/stats", endpoint: .modelStatistics,
      purpose: "What the model's versions have done, with Triton's names."),
  ]

  private static let vision = [
    Row(
      path: "/v2/models/{model}/detect", endpoint: .detect,
      purpose: "A photo in; boxes out, or with `Accept: image/jpeg` the annotated photo."),
    Row(
      path: "/v2/models/{model}/classify", endpoint: .classify,
      purpose: "A photo in, its likeliest classes out."),
  ]

  private static let dialects = [
    Row(
      path: "/v1/models", endpoint: .v1ModelList,
      purpose: "Names of the models; for KServe and OpenAI."),
    Row(
      path: "/v1/models/{model}", endpoint: .v1ModelStatus,
      purpose: "State of the versions; for KServe, TensorFlow Serving and OpenAI."),
    Row(
      path: "/v1/models/{model}/metadata", endpoint: .v1Metadata,
      purpose: "The signature, as TensorFlow Serving writes it."),
    Row(
      path: "/v1/models/{model}:predict", endpoint: .v1Predict,
      purpose: "`instances` or `inputs` in, `predictions` or `outputs` out; also CloudEvents."),
    Row(
      path: "/v1/models/{model}:explain", endpoint: .v1Explain,
      purpose: "As `:predict`; of a tabular model, what each column adds, others 501."),
    Row(
      path: "/v1/models/{model}:classify", endpoint: .v1Classify,
      purpose: "`examples` in, classes and their scores out."),
    Row(
      path: "/v1/models/{model}:regress", endpoint: .v1Regress,
      purpose: "`examples` in, a number for each out."),
    Row(
      path: "/invocations", endpoint: .invocations,
      purpose: "MLflow's tables and tensors, SageMaker's bodies, photos; the default model."),
    Row(path: "/ping", endpoint: .ping, purpose: "Ready; for MLflow, SageMaker and TorchServe."),
    Row(path: "/version", endpoint: .programVersion, purpose: "This program's version."),
    Row(
      path: "/predict", endpoint: .predict,
      purpose: "Inputs by name or `input`, as BentoML and LitServe take them; the default model."),
    Row(
      path: "/predictions/{model}", endpoint: .predictions,
      purpose: "TorchServe's inference: a photo, a form, JSON. Also `PUT`, and `/{version}` behind."
    ),
    Row(
      path: "/explanations/{model}", endpoint: .explanations,
      purpose: "As `/predictions`; of a tabular model, what each column adds, others 501."),
    Row(
      path: "/models", endpoint: .modelRegister,
      purpose: "The models. `POST` loads one (management): TorchServe's `url`, SageMaker's JSON."),
    Row(
      path: "/models/{model}", endpoint: .modelEntry,
      purpose: "The model's versions; also `/{version}` and `/all`. `PUT` scales, `DELETE` unloads "
        + "(management)."),
    Row(
      path: "/models/{model}/{version}/set-default", endpoint: .modelDefault,
      purpose: "Which version answers where none is named. Management."),
    Row(
      path: "/models/{model}/invoke", endpoint: .modelInvoke,
      purpose: "SageMaker's bodies, for one model of many."),
    Row(
      path: "AIP_PREDICT_ROUTE", endpoint: .vertexPredict,
      purpose: "Vertex AI's predictions, where that variable is set; the default model."),
  ]

  private static let others = [
    Row(
      path: "/openapi.json", endpoint: .description,
      purpose:
        "These addresses in OpenAPI 3.1, as they are open to who asks; `?model=` for one model."
    ),
    Row(path: "/docs", endpoint: .page, purpose: "A page to try these addresses."),
    Row(path: "/metrics", endpoint: .metrics, purpose: "Prometheus text."),
    Row(path: "/healthz", endpoint: .plainLive, purpose: "As `/v2/health/live`."),
    Row(path: "/livez", endpoint: .plainLive, purpose: "As `/v2/health/live`."),
    Row(path: "/readyz", endpoint: .plainReady, purpose: "As `/v2/health/ready`."),
    Row(path: "/health", endpoint: .plainReady, purpose: "As `/v2/health/ready`; for MLflow."),
    Row(
      path: "/", endpoint: .page,
      purpose: "The web page for `Accept: text/html`, else KServe's `alive`; its parts are under "
        + "`/assets/`. `OPTIONS` describes TorchServe's addresses."),
  ]

  /// The reference page `docs/operating/endpoints.md`.
  package static func markdown() -> String {
    var page = """
      # Addresses of `apus serve`

      Generated from the table in `Sources/Wire/HTTPFront/Routing`; do not edit.

      Each address of a model is also there for one version: `/v2/models/{model}/versions/{version}`
      and what follows, and for an alias: `{model}@{alias}`, `/versions/{alias}`. Management answers on
      this machine alone, or with `Authorization: Bearer` where `management-key` is set. What is under
      `/v2/repository` is also under `/v2/repository/{repository}`. `HEAD` answers where `GET` does, `OPTIONS` everywhere. The metrics port
      answers those marked in the last column and nothing else.

      | method | address | | metrics port |
      |---|---|---|---|

      """
    for row in rows {
      let cells = [
        row.endpoint.methods[0], "`\(row.path)`", row.purpose,
        row.endpoint.isOnMetricsPort ? "yes" : "",
      ]
      page += "| \(cells.joined(separator: " | ")) |\n"
    }
    return page
  }
}
