/// Every metric family, by its name on the page; spelled nowhere else.
///
/// `process_...` are the names of Prometheus' own client libraries, `nv_...` those of Triton, so
/// that dashboards which exist keep working.
package enum MetricName: String, Sendable, Hashable, CaseIterable {
  case requests = "apus_requests_total"
  case requestDuration = "apus_request_duration_seconds"
  case requestPhase = "apus_request_phase_seconds"
  case rows = "apus_rows_total"
  case runs = "apus_runs_total"
  case modelReady = "apus_model_ready"
  case modelInstances = "apus_model_instances"
  case modelMemory = "apus_model_memory_bytes"
  case queueDepth = "apus_queue_depth_requests"
  case responseCacheLookups = "apus_response_cache_lookups_total"

  case modelCounts = "apus_model_own_total"
  case modelValues = "apus_model_own_value"

  case unroutedRequests = "apus_unrouted_requests_total"
  case otherRequests = "apus_other_requests_total"
  case refusals = "apus_refusals_total"
  case limit = "apus_limit"

  case ready = "apus_ready"
  case waitingBytes = "apus_waiting_bytes"
  case httpConnections = "apus_http_connections"
  case httpConnectionsRefused = "apus_http_connections_refused_total"
  case grpcConnections = "apus_grpc_connections"
  case grpcConnectionsRefused = "apus_grpc_connections_refused_total"
  case abandonedModelThreads = "apus_abandoned_model_threads"
  case logLinesDropped = "apus_log_lines_dropped_total"
  case responseCacheEntries = "apus_response_cache_entries"
  case responseCacheBytes = "apus_response_cache_bytes"
  case responseCacheEvictions = "apus_response_cache_evictions_total"
  case responseCacheSkipped = "apus_response_cache_skipped_total"
  case build = "apus_build_info"

  case processCPU = "process_cpu_seconds_total"
  case processResidentMemory = "process_resident_memory_bytes"
  case processVirtualMemory = "process_virtual_memory_bytes"
  case processOpenFiles = "process_open_fds"
  case processOpenFilesMax = "process_max_fds"
  case processStartTime = "process_start_time_seconds"
  case processThreads = "process_threads"

  case tritonSuccess = "nv_inference_request_success"
  case tritonFailure = "nv_inference_request_failure"
  case tritonCount = "nv_inference_count"
  case tritonRuns = "nv_inference_exec_count"
  case tritonPending = "nv_inference_pending_request_count"
  case tritonRequestDuration = "nv_inference_request_duration_us"
  case tritonQueueDuration = "nv_inference_queue_duration_us"
  case tritonInputDuration = "nv_inference_compute_input_duration_us"
  case tritonInferDuration = "nv_inference_compute_infer_duration_us"
  case tritonOutputDuration = "nv_inference_compute_output_duration_us"
  case tritonCacheHits = "nv_cache_num_hits_per_model"
  case tritonCacheMisses = "nv_cache_num_misses_per_model"
  case tritonCacheHitDuration = "nv_cache_hit_duration_per_model"
  case tritonCacheMissDuration = "nv_cache_miss_duration_per_model"
  case tritonCPU = "nv_cpu_utilization"
  case tritonMemoryTotal = "nv_cpu_memory_total_bytes"
  case tritonMemoryUsed = "nv_cpu_memory_used_bytes"
}

/// A metric family: what it counts, of what type, by which labels.
package struct MetricFamily: Sendable {
  package enum Kind: String, Sendable { case counter, gauge, histogram }

  package let name: MetricName
  package let kind: Kind
  package let labels: [String]
  package let meaning: String

  init(_ name: MetricName, _ kind: Kind, _ labels: [String] = [], _ meaning: String) {
    self.name = name
    self.kind = kind
    self.labels = labels
    self.meaning = meaning
  }
}
