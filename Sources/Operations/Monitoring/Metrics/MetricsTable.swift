/// Every metric family, declared once; the page of `/metrics` and the reference page come from here.
package enum MetricsTable {
  /// In the order of the pages.
  package static let rows: [MetricFamily] = models + server + process + triton

  private static let model = ["model", "version"]

  private static let models: [MetricFamily] = [
    MetricFamily(
      .requests, .counter, model + ["dialect", "outcome"],
      "Inference requests that ended, by dialect and outcome."),
    MetricFamily(
      .requestDuration, .histogram, model,
      "Time from a request's first byte to its answer's last, of requests that were neither "
        + "refused nor cancelled."),
    MetricFamily(
      .requestPhase, .histogram, model + ["phase"],
      "Time of each phase that a request reached: read, decode, queue, compute, encode, write."),
    MetricFamily(.rows, .counter, model, "Rows computed and answered with success."),
    MetricFamily(.runs, .counter, model, "Runs of the model, each for one batch."),
    MetricFamily(.modelReady, .gauge, model, "1 while the model version answers, else 0."),
    MetricFamily(.modelInstances, .gauge, model, "Callers of the model version at a time."),
    MetricFamily(.modelMemory, .gauge, model, "Memory that the model version holds."),
    MetricFamily(.queueDepth, .gauge, model, "Requests that wait for the model version."),
    MetricFamily(
      .responseCacheLookups, .counter, model + ["result"],
      "Requests looked up in the response cache, by hit and miss; of models that keep answers."),
    MetricFamily(
      .modelCounts, .counter, ["model", "name"],
      "What a model counts itself, by names of its own, at most 100."),
    MetricFamily(
      .modelValues, .gauge, ["model", "name"],
      "What a model says of itself, by names of its own, at most 100."),
  ]

  private static let server: [MetricFamily] = [
    MetricFamily(
      .unroutedRequests, .counter, ["outcome"],
      "Inference requests that named no model loaded at their end."),
    MetricFamily(
      .otherRequests, .counter, ["outcome"],
      "Requests that asked no model to compute: health, metadata, pages."),
    MetricFamily(.refusals, .counter, ["limit"], "Requests that a limit refused, by its setting."),
    MetricFamily(
      .limit, .gauge, ["limit"], "Limits in force, by setting, in bytes, seconds or pieces."),
    MetricFamily(.ready, .gauge, [], "1 while the server is ready for requests, else 0."),
    MetricFamily(.waitingBytes, .gauge, [], "Bytes of requests that wait or run."),
    MetricFamily(.httpConnections, .gauge, [], "HTTP connections open."),
    MetricFamily(
      .httpConnectionsRefused, .counter, [], "HTTP connections refused because too many were open."),
    MetricFamily(.grpcConnections, .gauge, [], "gRPC connections open."),
    MetricFamily(
      .grpcConnectionsRefused, .counter, [], "gRPC connections refused because too many were open."),
    MetricFamily(
      .abandonedModelThreads, .gauge, [], "Model threads given up because a run would not end."),
    MetricFamily(
      .logLinesDropped, .counter, [], "Log lines lost because they could not be written in time."),
    MetricFamily(.responseCacheEntries, .gauge, [], "Answers in the response cache."),
    MetricFamily(
      .responseCacheBytes, .gauge, [], "Bytes of those answers, their requests and their keeping."),
    MetricFamily(
      .responseCacheEvictions, .counter, [], "Answers given up to make room for others."),
    MetricFamily(
      .responseCacheSkipped, .counter, [],
      "Requests to models that keep answers which were not looked up: too large, or of a sequence."),
    MetricFamily(.build, .gauge, ["version"], "1, with the program's version."),
  ]

  private static let process: [MetricFamily] = [
    MetricFamily(.processCPU, .counter, [], "Processor time used, user and system."),
    MetricFamily(.processResidentMemory, .gauge, [], "Resident memory."),
    MetricFamily(.processVirtualMemory, .gauge, [], "Virtual memory."),
    MetricFamily(.processOpenFiles, .gauge, [], "Open file descriptors."),
    MetricFamily(.processOpenFilesMax, .gauge, [], "Most file descriptors that may be open."),
    MetricFamily(.processStartTime, .gauge, [], "Start of the process since the Unix epoch."),
    MetricFamily(.processThreads, .gauge, [], "Threads of the process."),
  ]

  private static let triton: [MetricFamily] = [
    MetricFamily(.tritonSuccess, .counter, model, "Inference requests that succeeded."),
    MetricFamily(
      .tritonFailure, .counter, model + ["reason"],
      "Inference requests that failed: REJECTED (limits, deadlines), CANCELED, BACKEND, OTHER."),
    MetricFamily(
      .tritonCount, .counter, model,
      "Inferences performed; a batch of n counts n, a cached answer 0."),
    MetricFamily(.tritonRuns, .counter, model, "Model executions performed."),
    MetricFamily(.tritonPending, .gauge, model, "Requests that wait for execution."),
    MetricFamily(
      .tritonRequestDuration, .counter, model,
      "Time of successful requests, end to end, in microseconds."),
    MetricFamily(
      .tritonQueueDuration, .counter, model,
      "Time that successful requests waited, in microseconds."),
    MetricFamily(
      .tritonInputDuration, .counter, model,
      "Time of decoding the inputs of successful requests, in microseconds."),
    MetricFamily(
      .tritonInferDuration, .counter, model,
      "Time of computing successful requests, in microseconds."),
    MetricFamily(
      .tritonOutputDuration, .counter, model,
      "Time of encoding the outputs of successful requests, in microseconds."),
    MetricFamily(
      .tritonCacheHits, .counter, model, "Requests that the response cache answered."),
    MetricFamily(
      .tritonCacheMisses, .counter, model, "Requests that the response cache did not know."),
    MetricFamily(
      .tritonCacheHitDuration, .counter, model,
      "Time of looking up requests that hit, in microseconds."),
    MetricFamily(
      .tritonCacheMissDuration, .counter, model,
      "Time of looking up requests that missed and of keeping their answers, in microseconds."),
    MetricFamily(
      .tritonCPU, .gauge, [], "Share of all processors in use since the last look, 0 to 1."),
    MetricFamily(.tritonMemoryTotal, .gauge, [], "Memory of the machine."),
    MetricFamily(.tritonMemoryUsed, .gauge, [], "Memory of the machine in use."),
  ]

  /// The reference page `docs/operating/metrics.md`.
  package static func markdown() -> String {
    var page = """
      # Metrics

      Generated from the table in `Sources/Operations/Monitoring`; do not edit.

      `/metrics` answers on the HTTP port and on `--metrics-port` in Prometheus' text format 0.0.4.
      Labels have values from closed sets only: models that are loaded, their versions, and what is
      listed here. A name that a client made up never becomes a label. The series of a model version
      exist, with zero, as soon as it is loaded, and go when it is unloaded; those of a dialect other
      than `v2` come with its first request. A request that ended before a version was chosen counts
      for the only version loaded, or with an empty version where there are several.

      | name | type | labels | meaning |
      |---|---|---|---|

      """
    for family in rows {
      let labels = family.labels.map { "`\($0)`" }.joined(separator: ", ")
      page +=
        "| `\(family.name.rawValue)` | \(family.kind.rawValue) | \(labels) | \(family.meaning) |\n"
    }
    page += "\nBuckets in seconds: of `\(MetricName.requestDuration.rawValue)` "
    page += Buckets.duration.labels.joined(separator: ", ")
    page += "; of `\(MetricName.requestPhase.rawValue)` of queue and compute "
    page += Buckets.mainPhase.labels.joined(separator: ", ")
    return page + ", of the others " + Buckets.otherPhase.labels.joined(separator: ", ") + ".\n"
  }
}
