/// Every setting, declared once; flags, variables, file keys, messages and the reference page all
/// come from here.
package enum SettingsTable {
  /// In the order of the reference page.
  package static let rows: [Setting] =
    addresses + models + repository + limits + grpcLimits + stopping + logging + aboutSettings

  /// Variables of other parts of Apus, which are not settings of the server.
  package static let otherVariables = [
    "APUS_NATIVE", "APUS_SHARED_DATA", "APUS_BINARY", "APUS_BENCH_STORE",
  ]

  private static let byName: [SettingName: Setting] = Dictionary(
    uniqueKeysWithValues: rows.map { ($0.name, $0) })

  /// The row of a setting.
  package static func row(_ name: SettingName) -> Setting {
    guard let row = byName[name] else {
      preconditionFailure("the setting \(name.rawValue) has no row in the table")
    }
    return row
  }

  private static let addresses: [Setting] = [
    Setting(
      .httpPort, .addresses, .integer(0...65_535), fallback: "8000",
      "Port of every REST dialect and of the web page; 0 lets the system choose a free one."),
    Setting(
      .grpcPort, .addresses, .integer(0...65_535), fallback: "8001",
      "Port of gRPC; 0 turns it off, unless there is `grpc-socket`. With TLS, `http-port` answers "
        + "gRPC, too, and both may be one port."),
    Setting(
      .metricsPort, .addresses, .integer(0...65_535), fallback: "8002",
      "Port of `/metrics` alone; 0 turns it off. The HTTP port answers `/metrics` too."),
    Setting(
      .host, .addresses, .text, fallback: "127.0.0.1",
      "Address to listen on; `0.0.0.0` or `::` for all of this machine's addresses."),
    Setting(
      .corsOrigins, .addresses, .names, fallback: "",
      "Origins whose pages may call this server from a browser; `*` for all; empty for none."),
    Setting(
      .allowedHosts, .addresses, .names, fallback: "",
      "Further names that a request's `Host` may give, beside loopback and the address bound."),
    Setting(
      .trustedProxies, .addresses, .networks, fallback: "",
      "Addresses or networks of proxies whose forwarding headers and caller header are believed."),
    Setting(
      .callerHeader, .addresses, .text, fallback: "",
      "Header in which a trusted proxy names the caller; empty means the peer's address."),
    Setting(
      .managementKey, .addresses, .secret, fallback: "",
      "What loading, unloading and other management takes as `Authorization: Bearer`; empty means "
        + "that only this machine may do it."),
    Setting(
      .compat, .addresses, .text, fallback: "",
      "Further ports for clients of another server: `torchserve=8080,8081,8082` (inference, "
        + "management, metrics), `tensorflow=8501`, `kserve-v1=8080`, `mlflow=5000`, "
        + "`torchserve-grpc=7070,7071`, `tensorflow-grpc=8500`, "
        + "`sagemaker=8080`, `vertex=8080`; several with spaces between them. "
        + "`SAGEMAKER_BIND_TO_PORT` and `AIP_HTTP_PORT` set it, too."),
    Setting(
      .vertexPredictRoute, .addresses, .text, fallback: "",
      "Path of predictions that Vertex AI chose; `AIP_PREDICT_ROUTE` sets it, too."),
    Setting(
      .vertexHealthRoute, .addresses, .text, fallback: "",
      "Path of health that Vertex AI chose; `AIP_HEALTH_ROUTE` sets it, too."),
    Setting(
      .httpRestrictedAPI, .addresses, .secrets, fallback: "",
      "Groups of REST addresses that take a header: `GROUP,...:HEADER=VALUE`, several times; groups "
        + "are `health`, `metadata`, `inference`, `shared-memory`, `model-config`, "
        + "`model-repository`, `statistics`, `trace` and `logging`."),
    Setting(
      .grpcRestrictedProtocol, .addresses, .secrets, fallback: "",
      "The same for gRPC calls, where the metadata is `triton-grpc-protocol-HEADER`; groups are the "
        + "same."),
    Setting(
      .allowClientShm, .addresses, .boolean, fallback: "false",
      "Let clients of this machine register system shared memory for their tensors."),
    Setting(
      .tlsCertificate, .addresses, .path, fallback: "",
      "PEM file of the certificate and those above it; with `tls-key` the HTTP and gRPC ports speak "
        + "TLS. Read again at SIGHUP and when it changes."),
    Setting(
      .tlsKey, .addresses, .path, fallback: "",
      "PEM file of the certificate's key, without passphrase."),
    Setting(
      .tlsClientCA, .addresses, .path, fallback: "",
      "PEM file of the authorities of which a client must bring a certificate; empty asks for none."
    ),
    Setting(
      .httpSocket, .addresses, .path, fallback: "",
      "Unix-domain socket that answers what the HTTP port answers, without TLS."),
    Setting(
      .grpcSocket, .addresses, .path, fallback: "",
      "Unix-domain socket that answers what the gRPC port answers, without TLS."),
    Setting(
      .socketMode, .addresses, .choice(["600", "660", "666"]), fallback: "600",
      "Who may open Unix-domain sockets: this user, its group too, or everybody here."),
  ]

  private static let models: [Setting] = [
    Setting(
      .instances, .models, .integerOrAuto(1...4_096), fallback: "auto",
      "Callers of one loaded model at a time; `auto` is the cores divided by `runtime-threads`."),
    Setting(
      .runtimeThreads, .models, .integer(1...4_096), fallback: "1",
      "Threads that one run of a model may use; times `instances` at most the cores."),
    Setting(
      .rateLimit, .models, .choice(["off", "execution_count"]), fallback: "off",
      "`execution_count` lets an instance run only when the resources that its `rate_limiter` names "
        + "are free; `off` leaves those out of account."),
    Setting(
      .rateLimitResource, .models, .resources, fallback: "",
      "How much there is of resources, for all devices or for one; without it as much as the "
        + "largest claim. The flag may be given several times."),
    Setting(
      .hostPolicy, .models, .hostPolicies, fallback: "",
      "Processors of the threads of instances whose `host_policy` has that name; those without one "
        + "have `cpu`. The flag may be given several times."),
    Setting(
      .precision, .models, .choice(["f32", "auto", "bf16", "int8"]), fallback: "f32",
      "`f32` computes exactly; `auto` takes what this processor does fastest; `bf16` needs a "
        + "processor that has it, `int8` a model that is quantised."),
    Setting(
      .runtime, .models, .choice(["auto", "onnxruntime", "openvino", "trees"]), fallback: "auto",
      "What computes models; `auto` is our own engine for trees, ONNX Runtime for other ONNX at `f32`, "
        + "else OpenVINO."),
    Setting(
      .cacheDirectory, .models, .path, fallback: "",
      "Where compiled models are kept for the next start; empty means `apus` in the user's cache "
        + "directory, `off` keeps none."),
    Setting(
      .cacheBytesMax, .models, .bytes(0...(1 << 50)), fallback: "1GiB",
      "Bytes of compiled models that are kept; the least recently used go first."),
    Setting(
      .defaultModel, .models, .text, fallback: "",
      "Model of a request whose path names none; empty means the only one."),
    Setting(
      .labels, .models, .path, fallback: "",
      "File with one class name a line, for the one model that is served."),
    Setting(
      .resize, .models, .choice(["pillow", "opencv"]), fallback: "pillow",
      "How photos are made smaller: `pillow` antialiases, `opencv` does not."),
    Setting(
      .scaledDecoding, .models, .boolean, fallback: "true",
      "Decode JPEG photos of more than twice the model's size at 1/2, 1/4 or 1/8."),
    Setting(
      .loops, .models, .integerOrAuto(1...1_024), fallback: "auto",
      "Threads that serve connections; `auto` is the cores."),
  ]

  private static let repository: [Setting] = [
    Setting(
      .modelControlMode, .repository, .choice(["none", "poll", "explicit"]), fallback: "none",
      "`none` serves what was there at the start; `poll` follows the files; `explicit` loads "
        + "`load-model`, and what requests ask for."),
    Setting(
      .repositoryPollSecs, .repository, .integer(1...86_400), fallback: "15",
      "Seconds between looks at the files in mode `poll`; a change is taken once two looks agree."),
    Setting(
      .loadModel, .repository, .names, fallback: "",
      "Models to load at the start in mode `explicit`; the flag may be given several times; `*` is "
        + "all."),
    Setting(
      .loadOnDemand, .repository, .boolean, fallback: "false",
      "Load a model when a request first asks for it, and give up the least recently used ones "
        + "where `model-memory-max` asks for it."),
    Setting(
      .modelMemoryMax, .repository, .bytesOrShare(0...(1 << 50)), fallback: "0",
      "Memory of all loaded models, in bytes or as a share of memory; 0 sets no bound."),
    Setting(
      .modelLoadThreadCount, .repository, .integerOrAuto(1...1_024), fallback: "auto",
      "Models loaded at a time; `auto` is half the cores."),
    Setting(
      .proofRunTimeout, .repository, .durationOrNone(.milliseconds(1)...day), fallback: "60s",
      "Time for the warm-up and for the run on zeros that each loaded model must end before it is "
        + "ready; `none` leaves the run out."),
    Setting(
      .stateDirectory, .repository, .path, fallback: "",
      "Where aliases that requests set are kept for the next start; empty means `apus` in the user's "
        + "state directory, `off` keeps none."),
  ]

  private static let limits: [Setting] = [
    Setting(
      .bodyBytesMax, .limits, .bytes(1...(1 << 40)), fallback: "64MiB",
      "Largest body of a request, also after decompression."),
    Setting(
      .jsonDepthMax, .limits, .integer(2...10_000), fallback: "64",
      "Deepest nesting of a JSON body."),
    Setting(
      .headerBytesMax, .limits, .bytes(1_024...(16 << 20)), fallback: "32KiB",
      "Largest head of a request."),
    Setting(
      .headerTimeout, .limits, .duration(.milliseconds(1)...day), fallback: "10s",
      "Time in which the head of a request must have come."),
    Setting(
      .bodyRateMin, .limits, .bytesPerSecond(0...(1 << 40)), fallback: "16KiB/s",
      "Slowest body that is waited for once `body-grace` has passed; 0 waits for any."),
    Setting(
      .bodyGrace, .limits, .duration(.zero...day), fallback: "10s",
      "Time after which `body-rate-min` is asked of a body."),
    Setting(
      .connectionsMax, .limits, .integer(1...1_000_000), fallback: "10000",
      "Connections open at once."),
    Setting(
      .idleTimeout, .limits, .duration(.milliseconds(1)...day), fallback: "75s",
      "Time after which a connection without a request is closed."),
    Setting(
      .waitingRequestsMax, .limits, .integer(1...10_000_000), fallback: "1024",
      "Requests that may wait for one model."),
    Setting(
      .waitingBytesMax, .limits, .bytesOrShare(1...(1 << 50)), fallback: "25%",
      "Bytes of all requests that wait, in bytes or as a share of memory."),
    Setting(
      .responseCacheBytes, .limits, .bytes(0...(1 << 50)), fallback: "64MiB",
      "Bytes of answers kept for equal requests, over all models that ask for it; the least recently "
        + "used go first, and what is larger than a sixteenth of this is not kept. 0 keeps none."),
    Setting(
      .imagePixelsMax, .limits, .integer(1...2_000_000_000), fallback: "100000000",
      "Largest photo, width times height, looked at before memory is taken."),
    Setting(
      .requestTimeout, .limits, .durationOrNone(.milliseconds(1)...day), fallback: "none",
      "Time after which an answer is given up, where the request sets none itself."),
  ]

  private static let stopping: [Setting] = [
    Setting(
      .drainDelay, .stopping, .duration(.zero...day), fallback: "0s",
      "Time after SIGTERM in which requests are still accepted while readiness already fails."),
    Setting(
      .drain, .stopping, .duration(.zero...day), fallback: "30s",
      "Time after that in which admitted requests may end."),
  ]

  private static let logging: [Setting] = [
    Setting(
      .accessLog, .logging, .choice(["off", "slow", "all"]), fallback: "slow",
      "Requests that get a line: none, failed and slow ones, or all."),
    Setting(
      .slowRequest, .logging, .duration(.zero...day), fallback: "1s",
      "Time from which a request counts as slow."),
    Setting(
      .logFormat, .logging, .choice(["json", "text"]), fallback: "json",
      "Lines of JSON with the field names of ECS, or lines for people."),
    Setting(
      .logLevel, .logging, .choice(["debug", "info", "warn", "error"]), fallback: "info",
      "Least level of the lines about the server itself."),
    Setting(
      .logFile, .logging, .path, fallback: "",
      "File for the log, opened again at SIGHUP; empty means standard error."),
    Setting(
      .traceFile, .logging, .path, fallback: "",
      "File for traces of requests, whose settings are those of `/v2/trace/setting`; empty allows "
        + "none."),
  ]

  private static let aboutSettings: [Setting] = [
    Setting(
      .config, .settings, .path, fallback: "", reach: .flagAndVariable,
      "File of settings; empty means `apus.yaml` here, if there is one."),
    Setting(
      .printConfig, .settings, .choice(["off", "text", "json"]), fallback: "off", reach: .flag,
      "Print every setting with its value and where that came from, then end."),
  ]

  static let day = Duration.seconds(86_400)
}
