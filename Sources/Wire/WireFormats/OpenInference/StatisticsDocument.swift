package import Inference

extension OpenInferenceDocuments {
  /// `GET /v2/models/stats` and `/v2/models/{model}/stats`, with Triton's names.
  package static func statistics(_ models: [ModelStatistics]) -> [UInt8] {
    statisticsDocument(models).bytes
  }

  package static func statisticsDocument(_ models: [ModelStatistics]) -> JSONValue {
    .object([.init("model_stats", .array(models.map(statistics)))])
  }

  private static func statistics(_ model: ModelStatistics) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("name", .string(model.name)), .init("version", .string(String(model.version))),
      .init("last_inference", whole(model.lastInferenceMilliseconds)),
      .init("inference_count", whole(model.rowCount)),
      .init("execution_count", whole(model.runCount)),
      .init("inference_stats", inferenceStatistics(model)),
      .init("batch_stats", .array(model.batches.map(batchStatistics))),
    ]
    if !model.responses.isEmpty {
      let places = model.responses.enumerated().map {
        JSONValue.Member(String($0), responseStatistics($1))
      }
      members.append(.init("response_stats", .object(places)))
    }
    // Ours: other servers have nothing to say here, and their clients pass over it.
    if let batching = model.batching { members.append(.init("batching", choice(batching))) }
    return .object(members)
  }

  private static func choice(_ batching: ModelStatistics.Batching) -> JSONValue {
    .object([
      .init("max_batch_size", .integer(Int64(batching.rowsMax))),
      .init("max_queue_delay_microseconds", whole(batching.delayNanoseconds / 1_000)),
      .init("reason", .string(batching.reason)),
    ])
  }

  private static func inferenceStatistics(_ model: ModelStatistics) -> JSONValue {
    .object([
      .init("success", total(model.success)), .init("fail", total(model.failure)),
      .init("queue", total(model.queue)), .init("compute_input", total(model.input)),
      .init("compute_infer", total(model.infer)), .init("compute_output", total(model.output)),
      .init("cache_hit", total(model.cacheHit)), .init("cache_miss", total(model.cacheMiss)),
    ])
  }

  private static func responseStatistics(_ response: ModelStatistics.Response) -> JSONValue {
    .object([
      .init("compute_infer", total(response.infer)),
      .init("compute_output", total(response.output)), .init("success", total(response.success)),
      .init("fail", total(response.failure)), .init("empty_response", total(response.empty)),
      .init("cancel", total(response.cancel)),
    ])
  }

  private static func batchStatistics(_ batch: ModelStatistics.Batch) -> JSONValue {
    .object([
      .init("batch_size", .integer(Int64(batch.rowCount))),
      .init("compute_input", total(batch.input)), .init("compute_infer", total(batch.infer)),
      .init("compute_output", total(batch.output)),
    ])
  }

  private static func total(_ total: ModelStatistics.Total) -> JSONValue {
    .object([.init("count", whole(total.count)), .init("ns", whole(total.nanoseconds))])
  }

  private static func whole(_ number: UInt64) -> JSONValue { .integer(Int64(clamping: number)) }
}
