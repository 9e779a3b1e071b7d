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
    let isCall = record.context.dialect == .grpc
    let (wire, reading) = isCall ? ("GRPC", "GRPC_WAITREAD") : ("HTTP", "HTTP_RECV")
    let served = record.served
    return [
      ("\(reading)_START", record.context.arrival), ("\(reading)_END", record.bodyRead),
      ("REQUEST_START", record.decoded), ("QUEUE_START", served.admitted),
      ("COMPUTE_START", served.started), ("COMPUTE_INPUT_END", served.started),
      ("COMPUTE_OUTPUT_START", served.computed), ("COMPUTE_END", served.computed),
      ("INFER_RESPONSE_COMPLETE", record.encoded), ("REQUEST_END", record.encoded),
      ("\(wire)_SEND_START", record.encoded), ("\(wire)_SEND_END", record.written),
    ]
  }
}
