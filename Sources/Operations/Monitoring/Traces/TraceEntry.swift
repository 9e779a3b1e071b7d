import Inference
import WireFormats

/// One request's trace in the form of Triton's trace files: an activity that says what it was, and
/// one with the instants of its phases, on the monotonic clock.
struct TraceEntry: Sendable {
  /// The two objects, a comma between them.
  let bytes: [UInt8]

  init(id: UInt64, _ record: borrowing RequestRecord) {
    let number = JSONValue.integer(Int64(clamping: id))
    let what = JSONValue.object([
      .init("id", number), .init("model_name", .string(record.model)),
      .init("model_version", .integer(record.served.version)),
      .init("request_id", .string(record.context.id)),
    ])
    let when = JSONValue.object([
      .init("id", number),
      .init(
        "timestamps",
        .array(
          Self.phases(of: record).filter { $0.instant != .never }.map {
            .object([
              .init("name", .string($0.name)),
              .init("ns", .integer(Int64(clamping: $0.instant.nanoseconds))),
            ])
          })),
    ])
    bytes = what.bytes + [UInt8(ascii: ",")] + when.bytes
  }

  private static func phases(
    of record: borrowing RequestRecord
  ) -> [(name: String, instant: Instant)] {
    // REST operations are a method and an address; calls are one name.
    let wire = record.operation.contains(" ") ? "HTTP" : "GRPC"
    let served = record.served
    return [
      (wire == "HTTP" ? "HTTP_RECV_START" : "GRPC_WAITREAD_START", record.context.arrival),
      (wire == "HTTP" ? "HTTP_RECV_END" : "GRPC_WAITREAD_END", record.bodyRead),
      ("REQUEST_START", record.decoded), ("QUEUE_START", served.admitted),
      ("COMPUTE_START", served.started), ("COMPUTE_INPUT_END", served.started),
      ("COMPUTE_OUTPUT_START", served.computed), ("COMPUTE_END", served.computed),
      ("INFER_RESPONSE_COMPLETE", record.encoded), ("REQUEST_END", record.encoded),
      ("\(wire)_SEND_START", record.encoded), ("\(wire)_SEND_END", record.written),
    ]
  }
}
