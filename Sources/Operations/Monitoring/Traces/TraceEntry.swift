import Inference
import WireFormats

/// One request's trace in the form of Triton's trace files: an activity that says what it was, one
/// with the instants of its phases, on the monotonic clock, and one for each of its tensors.
struct TraceEntry: Sendable {
  /// The first two objects, a comma between them.
  private let head: [UInt8]
  private let id: UInt64
  private let tensors: TracedTensors?

  /// So many bytes of a tensor are written; how many elements are not, is said.
  static let tensorBytesMax = 256 << 10

  init(id: UInt64, _ levels: TraceLevels, _ record: borrowing RequestRecord) {
    self.id = id
    tensors = levels.contains(.tensors) ? record.traced : nil
    let number = JSONValue.integer(Int64(clamping: id))
    let what = JSONValue.object([
      .init("id", number), .init("model_name", .string(record.model)),
      .init("model_version", .integer(record.served.version)),
      .init("request_id", .string(record.context.id)),
    ])
    guard levels.contains(.timestamps) else {
      head = what.bytes
      return
    }
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
    head = what.bytes + [UInt8(ascii: ",")] + when.bytes
  }

  /// Memory that it keeps while it waits: tensors are kept whole.
  var byteCount: Int {
    guard let tensors else { return head.count }
    return (tensors.inputs + tensors.outputs).reduce(head.count) { $0 + $1.tensor.byteCount }
  }

  /// All objects, commas between them. Takes time proportional to the tensors.
  func text() -> [UInt8] {
    guard let tensors else { return head }
    var text = head
    for tensor in tensors.inputs { text += object("TENSOR_QUEUE_INPUT", tensor) }
    for tensor in tensors.outputs { text += object("TENSOR_BACKEND_OUTPUT", tensor) }
    return text
  }

  private func object(_ activity: String, _ named: NamedTensor) -> [UInt8] {
    let tensor = named.tensor
    let digest = TensorDigest(of: tensor, byteCountMax: Self.tensorBytesMax)
    let shape = (0..<tensor.shape.rank).map { String(tensor.shape[$0]) }.joined(separator: ",")
    var members: [JSONValue.Member] = [
      .init("name", .string(named.name)), .init("data", .string(digest.text)),
      .init("shape", .string(shape)), .init("dtype", .string(tensor.datatype.name)),
    ]
    let leftOut = tensor.elementCount - digest.elementCount
    if leftOut > 0 { members.append(.init("elements_left_out", .integer(Int64(leftOut)))) }
    let object = JSONValue.object([
      .init("id", .integer(Int64(clamping: id))), .init("activity", .string(activity)),
      .init("tensor", .object(members)),
    ])
    return [UInt8(ascii: ",")] + object.bytes
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
